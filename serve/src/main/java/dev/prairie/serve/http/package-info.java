/**
 * The engine over HTTP: OpenAI-compatible endpoints with streaming, the progress of training runs, and the console. One
 * virtual thread per request; all waiting happens there.
 */
@NullMarked
package dev.prairie.serve.http;

import org.jspecify.annotations.NullMarked;
