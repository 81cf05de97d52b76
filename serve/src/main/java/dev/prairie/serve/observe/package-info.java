/** What a server tells of itself: whether it lives, how fast it is, who used what, and what its routes are. */
@NullMarked
package dev.prairie.serve.observe;

import org.jspecify.annotations.NullMarked;
