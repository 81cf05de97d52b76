/** The reading entry and second oracle: a whole GPT in one file, on plain arrays. */
package dev.prairie.model.reference;
