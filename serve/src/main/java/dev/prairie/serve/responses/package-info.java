/** OpenAI's responses: input items in, output items out, whole, streamed and remembered for a while. */
@NullMarked
package dev.prairie.serve.responses;

import org.jspecify.annotations.NullMarked;
