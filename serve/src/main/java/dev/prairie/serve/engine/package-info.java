/**
 * How requests share one model: a {@link dev.prairie.serve.engine.Sequence} waits in the queue of the
 * {@link dev.prairie.serve.engine.Engine}, is generated token by token on the engine's one thread, and tells its
 * listener what happened. Knows neither HTTP nor JSON.
 */
@NullMarked
package dev.prairie.serve.engine;

import org.jspecify.annotations.NullMarked;
