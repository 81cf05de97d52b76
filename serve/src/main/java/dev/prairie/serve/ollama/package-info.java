/** Ollama's API: chat, generation and what it tells of models, in lines of JSON. */
@NullMarked
package dev.prairie.serve.ollama;

import org.jspecify.annotations.NullMarked;
