/**
 * What every surface shares: a call and who makes it, its fields read strictly, errors that say what to do, and an answer
 * whose parts are the same whether it is streamed or sent whole. Knows no one else's wire format.
 */
@NullMarked
package dev.prairie.serve.api;

import org.jspecify.annotations.NullMarked;
