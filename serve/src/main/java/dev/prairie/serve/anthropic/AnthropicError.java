package dev.prairie.serve.anthropic;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.ErrorForm;
import dev.prairie.serve.api.Json;
import org.jspecify.annotations.Nullable;

/**
 * {@code {"type": "error", "error": {type, message}, "request_id"}}, see
 * <a href="https://docs.anthropic.com/en/api/errors">Anthropic's errors</a>.
 */
final class AnthropicError implements ErrorForm {
    @Override
    public Object body(ApiException error) {
        return body(error, null);
    }

    @Override
    public Object body(ApiException error, @Nullable String requestId) {
        return Json.object(
                "type",
                "error",
                "error",
                Json.object("type", type(error.status()), "message", error.getMessage()),
                "request_id",
                requestId);
    }

    private static String type(int status) {
        return switch (status) {
            case 401 -> "authentication_error";
            case 403 -> "permission_error";
            case 404 -> "not_found_error";
            case 413 -> "request_too_large";
            case 429 -> "rate_limit_error";
            case 503 -> "overloaded_error";
            default -> status < 500 ? "invalid_request_error" : "api_error";
        };
    }
}
