package dev.prairie.serve.observe;

/**
 * What metrics and their labels are called: the names of OpenTelemetry's semantic conventions for generative AI and HTTP
 * (<a href="https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/">semconv, gen_ai.server.*</a>, http.*) in
 * Prometheus's spelling, and {@code prairie_} before what they have no name for. Boundaries of buckets are theirs too.
 */
final class Names {
    static final String REQUESTS = "prairie_http_requests_total";
    static final String TOKENS = "prairie_tokens_total";
    static final String DURATION = "gen_ai_server_request_duration_seconds";
    static final String FIRST_TOKEN = "gen_ai_server_time_to_first_token_seconds";
    static final String PER_TOKEN = "gen_ai_server_time_per_output_token_seconds";
    static final String OPEN = "prairie_answers_open";
    static final String DRAINING = "prairie_draining";
    static final String UPTIME = "prairie_uptime_seconds";
    static final String ENGINE = "prairie_engine_";
    static final String HEAP_USED = "jvm_memory_used_bytes";
    static final String HEAP_LIMIT = "jvm_memory_limit_bytes";

    static final String MODEL = "gen_ai_request_model";
    static final String TOKEN_TYPE = "gen_ai_token_type";
    static final String ROUTE = "http_route";
    static final String METHOD = "http_request_method";
    static final String STATUS = "http_response_status_code";
    static final String MEMORY = "jvm_memory_type";

    static final double[] DURATIONS = {
        0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92
    };
    static final double[] FIRST_TOKENS = {
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10
    };
    static final double[] PER_TOKENS = {0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5};

    private Names() {}
}
