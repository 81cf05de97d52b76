package dev.prairie.text.template;

/**
 * A call that a model asks for.
 *
 * @param id        by which the answer to it is told; nine letters and digits suit every family
 * @param name      of the tool
 * @param arguments JSON text of an object
 */
public record ToolCall(String id, String name, String arguments) {}
