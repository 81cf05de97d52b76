package dev.prairie.serve.api;

import java.util.List;
import tools.jackson.databind.JsonNode;

/** What the content of an answer must look like. */
public sealed interface AnswerFormat {
    /** Anything. */
    record Text() implements AnswerFormat {}

    /** Any JSON object. */
    record JsonObject() implements AnswerFormat {}

    /** JSON that this schema allows. */
    record JsonSchema(JsonNode schema) implements AnswerFormat {}

    /** A text that this regular expression matches as a whole. */
    record Regex(String pattern) implements AnswerFormat {}

    /** A text of this grammar, in GBNF. */
    record Gbnf(String grammar) implements AnswerFormat {}

    /** One of these texts. */
    record Choice(List<String> texts) implements AnswerFormat {}

    AnswerFormat TEXT = new Text();
    AnswerFormat JSON_OBJECT = new JsonObject();
}
