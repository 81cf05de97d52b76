/** Models in other types: which type each weight gets, and how it is made. */
package dev.prairie.model.quantize;
