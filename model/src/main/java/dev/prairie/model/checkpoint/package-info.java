/** Model files: names in, tensors out, and back. Every file is checked against its true size before it is believed. */
package dev.prairie.model.checkpoint;
