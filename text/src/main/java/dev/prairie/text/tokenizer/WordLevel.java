package dev.prairie.text.tokenizer;

import java.util.Map;
import java.util.OptionalInt;

/** Every piece of the text is a token of its own, or the unknown token; without one it is left out. */
final class WordLevel implements Model {
    private final Map<String, Integer> ids;
    private final OptionalInt unknown;

    WordLevel(Map<String, Integer> ids, OptionalInt unknown) {
        this.ids = Map.copyOf(ids);
        this.unknown = unknown;
    }

    @Override
    public void encode(int[] text, int from, int to, Output output) {
        Integer id = ids.get(new String(text, from, to - from));
        if (id != null) {
            output.add(id, from, to);
        } else if (unknown.isPresent()) {
            output.add(unknown.getAsInt(), from, to);
        }
    }
}
