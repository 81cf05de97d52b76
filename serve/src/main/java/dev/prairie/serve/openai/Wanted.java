package dev.prairie.serve.openai;

import dev.prairie.serve.api.Fields;
import dev.prairie.serve.api.Generation;

/** What a completion or chat request asks for, checked: what to generate, and the form to tell it in. */
record Wanted(Generation generation, Form form, Streaming streaming) {
    /** Fields that mean nothing here and do no harm. */
    static void acceptHarmless(Fields fields) {
        fields.accept(
                "user",
                "metadata",
                "store",
                "service_tier",
                "safety_identifier",
                "prompt_cache_key",
                "prompt_cache_retention");
    }
}
