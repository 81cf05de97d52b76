package dev.prairie.serve.ollama;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.ErrorForm;
import dev.prairie.serve.api.Json;

/** {@code {"error": "…"}}. */
final class OllamaError implements ErrorForm {
    @Override
    public Object body(ApiException error) {
        return Json.object("error", error.getMessage());
    }
}
