/** Keys: who may come in, what each may do and how much of it, and what each has used. */
@NullMarked
package dev.prairie.serve.access;

import org.jspecify.annotations.NullMarked;
