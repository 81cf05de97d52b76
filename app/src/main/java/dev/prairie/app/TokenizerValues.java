package dev.prairie.app;

import dev.prairie.model.checkpoint.GgufType;
import dev.prairie.model.checkpoint.GgufValue;
import dev.prairie.text.tokenizer.VocabularyTables;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** A tokenizer's tables as the metadata of a GGUF file: what {@link ModelTokenizer#tables} reads. */
final class TokenizerValues {
    private static final String KEY = "tokenizer.ggml.";

    private final Map<String, GgufValue> values = new LinkedHashMap<>();

    private TokenizerValues() {}

    static Map<String, GgufValue> of(VocabularyTables tables) {
        var all = new TokenizerValues();
        all.put(tables);
        return all.values;
    }

    private void put(VocabularyTables tables) {
        values.put(KEY + "model", GgufValue.of(tables.model()));
        values.put(KEY + "pre", GgufValue.of(tables.pre().isEmpty() ? "default" : tables.pre()));
        values.put(KEY + "tokens", GgufValue.texts(tables.tokens()));
        if (tables.scores().length > 0) values.put(KEY + "scores", GgufValue.floats(tables.scores()));
        values.put(KEY + "token_type", GgufValue.ints(tables.types()));
        if (!tables.merges().isEmpty()) values.put(KEY + "merges", GgufValue.texts(tables.merges()));
        var ends = tables.ends();
        id("bos_token_id", ends.bos());
        if (tables.model().equals("bert")) id("cls_token_id", ends.bos());
        id("eos_token_id", ends.eos());
        id("unknown_token_id", ends.unknown());
        id("seperator_token_id", ends.separator()); // so it is spelled
        id("padding_token_id", ends.padding());
        id("mask_token_id", ends.mask());
        var options = tables.options();
        flag("add_bos_token", options.addBos());
        flag("add_eos_token", options.addEos());
        flag("add_space_prefix", options.addSpacePrefix());
        flag("remove_extra_whitespaces", options.removeExtraWhitespaces());
        flag("normalizer.lowercase", options.lowercase());
        flag("normalizer.strip_accents", options.stripAccents());
        if (tables.charsmap().length > 0) values.put(KEY + "precompiled_charsmap", bytes(tables.charsmap()));
    }

    private void id(String key, OptionalInt id) {
        id.ifPresent(value -> values.put(KEY + key, GgufValue.u32(value)));
    }

    private void flag(String key, Optional<Boolean> flag) {
        flag.ifPresent(value -> values.put(KEY + key, GgufValue.of(value)));
    }

    private static GgufValue bytes(byte[] bytes) {
        List<GgufValue> elements = new ArrayList<>(bytes.length);
        for (byte b : bytes) elements.add(GgufValue.whole(GgufType.U8, b & 0xFF));
        return GgufValue.array(elements);
    }
}
