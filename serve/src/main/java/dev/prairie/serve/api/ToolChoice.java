package dev.prairie.serve.api;

/** Which of the offered tools an answer may, or must, call. */
public sealed interface ToolChoice {
    /** The model decides. */
    record Auto() implements ToolChoice {}

    /** None, as if no tools had been offered. */
    record None() implements ToolChoice {}

    /** At least one, whichever it is. */
    record Required() implements ToolChoice {}

    /** This one. */
    record Named(String name) implements ToolChoice {}

    ToolChoice AUTO = new Auto();
    ToolChoice NONE = new None();
    ToolChoice REQUIRED = new Required();
}
