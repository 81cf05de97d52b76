package dev.prairie.serve.api;

/** How a surface's clients expect an error: the object that is the body, or that stands in a stream. */
@FunctionalInterface
public interface ErrorForm {
    Object body(ApiException error);

    /** {@code {"error": {message, type, param, code}}}. */
    ErrorForm OPENAI = ApiException::body;
}
