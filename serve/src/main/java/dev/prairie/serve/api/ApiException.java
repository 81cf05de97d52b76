package dev.prairie.serve.api;

import dev.prairie.serve.engine.EngineClosedException;
import dev.prairie.serve.resident.ModelUnavailableException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request that is answered with an error. The body is OpenAI's: {@code {"error": {message, type, param, code}}}, see
 * <a href="https://platform.openai.com/docs/guides/error-codes">its guide</a>.
 */
public final class ApiException extends RuntimeException {
    /** When a model that is busy may have time again. */
    private static final long BUSY_SECONDS = 2;

    private static final long serialVersionUID = 1;

    private final int status;
    private final String type;
    private final @Nullable String param;
    private final @Nullable String code;
    private final long retryAfter;

    public ApiException(int status, String type, String message, @Nullable String param, @Nullable String code) {
        this(status, type, message, param, code, 0);
    }

    private ApiException(
            int status, String type, String message, @Nullable String param, @Nullable String code, long retryAfter) {
        super(message);
        this.retryAfter = retryAfter;
        this.status = status;
        this.type = type;
        this.param = param;
        this.code = code;
    }

    /** 400: the value of {@code param} cannot be used. */
    public static ApiException invalid(String param, String message) {
        return new ApiException(400, "invalid_request_error", param + ": " + message, param, "invalid_value");
    }

    /** 400: what {@code param} asks for is not offered. */
    public static ApiException unsupported(String param, String message) {
        return new ApiException(400, "invalid_request_error", param + ": " + message, param, "unsupported_parameter");
    }

    /** Another status, with no field to blame. */
    public static ApiException refused(int status, String code, String message) {
        return new ApiException(status, "invalid_request_error", message, null, code);
    }

    /** 429: not now; the same may be asked again after so many seconds. */
    public static ApiException tooMuch(String code, String message, long retryAfter) {
        return new ApiException(429, "rate_limit_error", message, null, code, retryAfter);
    }

    /** 500: the model or the device gave up. The cause's message is for the client; its trace is not. */
    public static ApiException failed(Throwable cause) {
        if (cause instanceof EngineClosedException) {
            return stopping();
        }
        if (cause instanceof ApiException already) {
            return already;
        }
        String message = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        return new ApiException(500, "server_error", message, null, "generation_failed");
    }

    /** What a model cannot do: 400 of another kind, 429 too busy, 500 not to be loaded, 503 closed. */
    public static ApiException unavailable(ModelUnavailableException e) {
        String message = String.valueOf(e.getMessage());
        return switch (e.reason()) {
            case UNSUITABLE ->
                new ApiException(400, "invalid_request_error", "model: " + message, "model", "model_unsuitable");
            case BUSY -> tooMuch("queue_full", message, BUSY_SECONDS);
            case NOT_LOADED -> new ApiException(500, "server_error", message, "model", "model_not_loaded");
            case CLOSED -> stopping();
        };
    }

    /** 503: another server, or this one later, may answer. */
    public static ApiException stopping() {
        return new ApiException(503, "server_error", "the server is stopping", null, "stopping", 5);
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** OpenAI's word for the kind of error. */
    public String type() {
        return type;
    }

    /** The field to blame; null if there is none. */
    public @Nullable String param() {
        return param;
    }

    /** A word for the error that programs can compare; null if there is none. */
    public @Nullable String code() {
        return code;
    }

    /** Seconds after which the same request may fare better; 0 if that is not known. */
    public long retryAfter() {
        return retryAfter;
    }

    /** The error as OpenAI's clients expect it. */
    public Map<String, Object> body() {
        return Json.object("error", Json.object("message", getMessage(), "type", type, "param", param, "code", code));
    }
}
