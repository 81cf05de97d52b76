/** Anthropic's messages: requests, whole answers, streams and errors in the form of its clients. */
@NullMarked
package dev.prairie.serve.anthropic;

import org.jspecify.annotations.NullMarked;
