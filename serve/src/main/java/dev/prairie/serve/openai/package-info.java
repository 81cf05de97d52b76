/** OpenAI's surface: <a href="https://platform.openai.com/docs/api-reference">its reference</a>. */
@NullMarked
package dev.prairie.serve.openai;

import org.jspecify.annotations.NullMarked;
