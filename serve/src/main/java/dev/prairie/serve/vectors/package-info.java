/** Texts as vectors: embeddings of texts and of their tokens, and rankings by them. */
@NullMarked
package dev.prairie.serve.vectors;

import org.jspecify.annotations.NullMarked;
