package dev.prairie.serve.openai;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Fields;

/** Whether the answer comes in chunks, and whether the last of them says what it took. */
record Streaming(boolean wanted, boolean includeUsage) {
    static Streaming read(Fields fields) {
        boolean wanted = fields.bool("stream", false);
        Fields options = fields.fields("stream_options");
        if (options == null) {
            return new Streaming(wanted, false);
        }
        if (!wanted) {
            throw ApiException.invalid("stream_options", "only with \"stream\": true");
        }
        boolean includeUsage = options.bool("include_usage", false);
        options.accept("include_obfuscation", "continuous_usage_stats");
        options.end();
        return new Streaming(true, includeUsage);
    }
}
