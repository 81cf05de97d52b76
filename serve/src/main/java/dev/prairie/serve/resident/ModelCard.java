package dev.prairie.serve.resident;

import org.jspecify.annotations.Nullable;

/**
 * What is told of a model without loading it.
 *
 * @param id      the name that clients use
 * @param created when it came to be here, in seconds since 1970
 * @param context tokens that fit, prompt and answer together; 0 while that is not known
 * @param base    the model that this one is an adapter of; null for a model of its own
 */
public record ModelCard(
        String id, long created, int context, @Nullable String base) {}
