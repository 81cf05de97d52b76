package dev.prairie.serve.openai;

import dev.prairie.serve.api.AnswerFormat;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Fields;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * Reads what an answer must look like: {@code response_format}, and under the names that other servers gave them {@code
 * structured_outputs} and {@code guided_json}, {@code guided_regex}, {@code guided_choice}, {@code guided_grammar}.
 */
final class FormatFields {
    private static final int MOST_CHOICES = 10_000;

    private FormatFields() {}

    static AnswerFormat read(Fields fields) {
        List<AnswerFormat> found = new ArrayList<>();
        Fields format = fields.fields("response_format");
        if (format != null) {
            responseFormat(format).ifPresent(found::add);
        }
        Fields structured = fields.fields("structured_outputs");
        if (structured != null) {
            add(structured, "", found);
            if (structured.bool("json_object", false)) {
                found.add(AnswerFormat.JSON_OBJECT);
            }
            structured.end();
        }
        add(fields, "guided_", found);
        if (found.size() > 1) {
            throw ApiException.invalid("response_format", found.size() + " formats are asked for, give one of them");
        }
        return found.isEmpty() ? AnswerFormat.TEXT : found.getFirst();
    }

    private static Optional<AnswerFormat> responseFormat(Fields format) {
        String type = format.string("type");
        Fields holder = format;
        if (type.equals("json_schema")) {
            holder = format.fields("json_schema");
            if (holder == null) {
                throw new ApiException(
                        400,
                        "invalid_request_error",
                        "response_format.json_schema: missing, give {\"name\", \"schema\"}",
                        "response_format.json_schema",
                        "missing");
            }
            holder.accept("name", "description", "strict");
        } else if (!type.equals("text") && !type.equals("json_object")) {
            throw ApiException.unsupported(
                    format.name("type"), "\"" + type + "\", give \"text\", \"json_object\" or \"json_schema\"");
        }
        // An object of any form may have a schema too: so llama.cpp's server takes it.
        JsonNode schema = type.equals("text") ? null : holder.node("schema");
        holder.end();
        format.end();
        if (type.equals("text")) {
            return Optional.empty();
        }
        return Optional.of(
                schema == null
                        ? AnswerFormat.JSON_OBJECT
                        : new AnswerFormat.JsonSchema(schema(schema, holder.name("schema"))));
    }

    private static JsonNode schema(JsonNode value, String name) {
        if (!value.isObject() && !value.isBoolean()) {
            throw Fields.wrongType(name, "a JSON schema", value);
        }
        return value;
    }

    private static void add(Fields fields, String prefix, List<AnswerFormat> found) {
        JsonNode json = fields.node(prefix + "json");
        if (json != null) {
            found.add(new AnswerFormat.JsonSchema(schema(json, fields.name(prefix + "json"))));
        }
        if (fields.has(prefix + "regex")) {
            found.add(new AnswerFormat.Regex(fields.string(prefix + "regex")));
        }
        if (fields.has(prefix + "grammar")) {
            found.add(new AnswerFormat.Gbnf(fields.string(prefix + "grammar")));
        }
        if (fields.has(prefix + "choice")) {
            List<String> texts = fields.strings(prefix + "choice", MOST_CHOICES);
            if (texts.isEmpty()) {
                throw ApiException.invalid(fields.name(prefix + "choice"), "empty, give at least one text");
            }
            found.add(new AnswerFormat.Choice(texts));
        }
    }
}
