/**
 * Chat templates: a closed Jinja engine without reflection, and the messages that it turns into a prompt. {@link
 * dev.prairie.text.template.ChatTemplate} is the door; {@link dev.prairie.text.template.Template} is the engine alone.
 */
@NullMarked
package dev.prairie.text.template;

import org.jspecify.annotations.NullMarked;
