package dev.prairie.serve.vectors;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.resident.Lease;
import dev.prairie.text.tokenizer.Encoding;
import dev.prairie.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Reads the texts of which vectors are wanted: as strings, or as the ids of their tokens. */
final class Inputs {
    /** As many as OpenAI takes. */
    private static final int MOST = 2048;

    private final Tokenizer tokenizer;
    private final int context;

    Inputs(Lease lease) {
        tokenizer = lease.tokenizer();
        context = lease.encoder().context();
    }

    /**
     * A text as the model gets it: with the special tokens around it that the tokenizer's maker adds, or exactly the ids that
     * were sent.
     *
     * @param encoding its tokens; those of a text that was sent as ids stand for nothing
     */
    record Input(Encoding encoding, boolean written) {
        int[] ids() {
            return encoding.ids();
        }
    }

    /** A string, an array of strings, an array of ids, or an array of arrays of ids. */
    List<Input> read(Fields fields, String field) {
        JsonNode value = fields.node(field);
        String name = fields.name(field);
        if (value == null) {
            throw new ApiException(
                    400, "invalid_request_error", name + ": missing, give a string or token ids", name, "missing");
        }
        if (!value.isArray()) {
            return List.of(one(value, name));
        }
        if (value.isEmpty()) {
            throw ApiException.invalid(name, "empty, give at least one text");
        }
        if (value.get(0).isNumber()) {
            return List.of(one(value, name));
        }
        if (value.size() > MOST) {
            throw ApiException.invalid(name, value.size() + " texts, give at most " + MOST);
        }
        List<Input> inputs = new ArrayList<>();
        for (int i = 0; i < value.size(); i++) {
            inputs.add(one(value.get(i), name + "[" + i + "]"));
        }
        return inputs;
    }

    private Input one(JsonNode value, String name) {
        if (value.isString()) {
            return text(value.stringValue(), name);
        }
        if (!value.isArray()) {
            throw Fields.wrongType(name, "a string or token ids", value);
        }
        fits(value.size(), name);
        List<Encoding.Token> tokens = new ArrayList<>();
        for (int i = 0; i < value.size(); i++) {
            int id = (int) Fields.integer(value.get(i), name + "[" + i + "]", 0, tokenizer.vocabularySize() - 1L);
            tokens.add(new Encoding.Token(id, tokenizer.spelling(id), 0, 0, 0));
        }
        return new Input(new Encoding(tokens), false);
    }

    Input text(String text, String name) {
        Encoding encoding;
        try {
            encoding = tokenizer.frame(tokenizer.encoding(text, false));
        } catch (IllegalArgumentException e) { // a vocabulary of characters does not have every character
            throw ApiException.invalid(name, String.valueOf(e.getMessage()));
        }
        fits(text.isEmpty() ? 0 : encoding.tokens().size(), name);
        return new Input(encoding, true);
    }

    private void fits(int tokens, String name) {
        if (tokens == 0) {
            throw ApiException.invalid(name, "empty, give at least one token");
        }
        if (tokens > context) {
            throw new ApiException(
                    400,
                    "invalid_request_error",
                    name + ": this model's maximum context length is " + context + " tokens, but the text has " + tokens
                            + "; shorten it.",
                    name,
                    "context_length_exceeded");
        }
    }
}
