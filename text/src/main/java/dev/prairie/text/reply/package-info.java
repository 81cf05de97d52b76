/**
 * What a model answered, taken apart again: reasoning, text and tool calls out of the markers that its template taught
 * it. {@link dev.prairie.text.reply.ReplyParser} is the door.
 */
@NullMarked
package dev.prairie.text.reply;

import org.jspecify.annotations.NullMarked;
