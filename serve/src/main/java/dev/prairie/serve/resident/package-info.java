/** Which models this process can serve: by name, in memory while they are used. */
@NullMarked
package dev.prairie.serve.resident;

import org.jspecify.annotations.NullMarked;
