package dev.prairie.text.tokenizer;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Reads the {@code post_processor} of a {@code tokenizer.json}. */
final class FramingReader {
    private FramingReader() {}

    static Framing read(JsonNode node, int vocabularySize) {
        Framing framing = read(node, Framing.NONE, true);
        for (List<Framing.Part> parts : List.of(framing.single(), framing.pair())) {
            for (Framing.Part part : parts) {
                if (part instanceof Framing.Part.Special special
                        && (special.id() < 0 || special.id() >= vocabularySize)) {
                    throw new TokenizerException("post_processor adds '" + special.piece() + "' with the id " + special.id()
                            + ", outside the vocabulary of " + vocabularySize);
                }
            }
        }
        if (framing.single().stream().noneMatch(Framing.Part.Text.class::isInstance)) {
            throw new TokenizerException("post_processor leaves the text out; the file is damaged");
        }
        return framing;
    }

    private static Framing read(JsonNode node, Framing before, boolean nestable) {
        if (PipelineParts.isAbsent(node)) {
            return before;
        }
        return switch (PipelineParts.type(node)) {
            case "Sequence" -> {
                if (!nestable) {
                    throw new TokenizerException("post_processor nests one Sequence in another; give one list");
                }
                Framing framing = before;
                for (JsonNode step : node.path("processors")) {
                    framing = read(step, framing, false);
                }
                yield framing;
            }
            case "ByteLevel" ->
                new Framing(
                        before.single(),
                        before.pair(),
                        node.path("trim_offsets").asBoolean(true),
                        node.path("add_prefix_space").asBoolean(true));
            case "TemplateProcessing" ->
                new Framing(
                        parts(node.path("single"), node.path("special_tokens")),
                        parts(node.path("pair"), node.path("special_tokens")),
                        before.trims(),
                        before.keepsFirstSpace());
            case "BertProcessing" -> {
                Framing.Part cls = special(node.path("cls"), 0);
                Framing.Part sep = special(node.path("sep"), 0);
                yield new Framing(
                        List.of(cls, text(false, 0), sep),
                        List.of(cls, text(false, 0), sep, text(true, 1), special(node.path("sep"), 1)),
                        before.trims(),
                        before.keepsFirstSpace());
            }
            case "RobertaProcessing" -> {
                Framing.Part cls = special(node.path("cls"), 0);
                Framing.Part sep = special(node.path("sep"), 0);
                yield new Framing(
                        List.of(cls, text(false, 0), sep),
                        List.of(cls, text(false, 0), sep, sep, text(true, 0), sep),
                        node.path("trim_offsets").asBoolean(true),
                        node.path("add_prefix_space").asBoolean(true));
            }
            default ->
                throw new TokenizerException("post_processor '" + PipelineParts.type(node)
                        + "' is not supported: leaving it out would frame prompts otherwise than the model was trained with");
        };
    }

    private static Framing.Part text(boolean second, int typeId) {
        return new Framing.Part.Text(second, typeId);
    }

    /** A pair of spelling and id. */
    private static Framing.Part special(JsonNode pair, int typeId) {
        return new Framing.Part.Special(
                pair.path(1).asInt(-1), pair.path(0).asString(""), typeId);
    }

    private static List<Framing.Part> parts(JsonNode template, JsonNode specials) {
        List<Framing.Part> parts = new ArrayList<>();
        for (JsonNode piece : template) {
            JsonNode sequence = piece.path("Sequence");
            if (sequence.isObject()) {
                boolean second = sequence.path("id").asString("A").equals("B");
                parts.add(text(second, sequence.path("type_id").asInt(0)));
                continue;
            }
            JsonNode special = piece.path("SpecialToken");
            JsonNode token = specials.path(special.path("id").asString(""));
            if (token.path("ids").isEmpty()) {
                throw new TokenizerException(
                        "post_processor names the special token " + special.path("id") + " that it does not define");
            }
            for (int i = 0; i < token.path("ids").size(); i++) {
                parts.add(new Framing.Part.Special(
                        token.path("ids").path(i).asInt(-1),
                        token.path("tokens").path(i).asString(""),
                        special.path("type_id").asInt(0)));
            }
        }
        return List.copyOf(parts);
    }
}
