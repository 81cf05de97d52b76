package dev.prairie.text.grammar;

import dev.prairie.testing.Demand;
import dev.prairie.text.tokenizer.ByteLevelBpe;
import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import tools.jackson.databind.json.JsonMapper;

/** Vocabularies and texts for the tests of this package. */
final class Vocabularies {
    private Vocabularies() {}

    /** GPT-2's 50,257 tokens. */
    static Tokenizer gpt2() {
        return ByteLevelBpe.fromGpt2(
                Demand.data("tokenizers/gpt2-files/gpt2-vocab.json"),
                Demand.data("tokenizers/gpt2-files/gpt2-merges.txt"),
                List.of("<|endoftext|>"));
    }

    /**
     * A byte-level vocabulary as large as those of current models and as mixed: words with and without a space, endings,
     * numbers, Chinese, punctuation in the runs that programs and JSON have. The last id ends a text.
     */
    static Tokenizer large(int size, Path folder) {
        Random random = new Random(5);
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (int b = 0; b < 256; b++) {
            add(ids, new byte[] {(byte) b});
        }
        for (int i = 0; i < 1_000; i++) {
            add(ids, Integer.toString(i).getBytes(StandardCharsets.UTF_8));
        }
        String marks = "\"\\':;,.{}[]()<>/=+-*&|!?#$%@_` \n\t";
        String letters = "eeeettaaooiinnsshhrrddlucmfwygpbvkxqjz";
        while (ids.size() < size - 1) {
            StringBuilder text = new StringBuilder();
            int kind = random.nextInt(100);
            if (kind < 8) {
                run(text, marks, 1 + random.nextInt(4), random);
            } else if (kind < 20) {
                for (int n = 1 + random.nextInt(3); n > 0; n--) {
                    text.appendCodePoint(0x4E00 + random.nextInt(6_000));
                }
            } else {
                text.append(random.nextInt(2) == 0 ? " " : "");
                int start = text.length();
                run(text, letters, 2 + random.nextInt(4) + random.nextInt(7), random);
                if (random.nextInt(4) == 0) {
                    text.setCharAt(start, Character.toUpperCase(text.charAt(start)));
                }
            }
            add(ids, text.toString().getBytes(StandardCharsets.UTF_8));
        }
        try {
            Path vocabulary = folder.resolve("vocab.json");
            Files.writeString(vocabulary, new JsonMapper().writeValueAsString(ids));
            Path merges = Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n");
            return ByteLevelBpe.fromGpt2(vocabulary, merges, List.of("<|endoftext|>"));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static void run(StringBuilder text, String from, int length, Random random) {
        for (int i = 0; i < length; i++) {
            text.append(from.charAt(random.nextInt(from.length())));
        }
    }

    private static void add(Map<String, Integer> ids, byte[] bytes) {
        StringBuilder spelling = new StringBuilder();
        for (byte value : bytes) {
            spelling.appendCodePoint(spelled(value & 0xFF));
        }
        ids.putIfAbsent(spelling.toString(), ids.size());
    }

    /** GPT-2's character for a byte: itself if it is visible, or the next after 255. */
    private static int spelled(int value) {
        int hidden = 0;
        for (int b = 0; b <= value; b++) {
            boolean visible = (b > ' ' && b < 0x7F) || (b > 0xA0 && b != 0xAD);
            if (b == value && visible) {
                return value;
            }
            hidden += visible ? 0 : 1;
        }
        return 255 + hidden;
    }

    /** One of the ids of a mask. */
    static int any(long[] mask, Random random) {
        int count = 0;
        for (long word : mask) {
            count += Long.bitCount(word);
        }
        int index = random.nextInt(count);
        int at = 0;
        while (index >= Long.bitCount(mask[at])) {
            index -= Long.bitCount(mask[at++]);
        }
        long word = mask[at];
        for (; index > 0; index--) {
            word &= word - 1;
        }
        return (at << 6) + Long.numberOfTrailingZeros(word);
    }

    /** Whether a grammar allows a text, byte by byte. */
    static boolean allows(Grammar grammar, String text) {
        return grammar.matches(text);
    }

    /** Whether masks allow these tokens, and then an end; the masks and what is accepted must agree. */
    static boolean allows(TokenMasks masks, int end, int... ids) {
        Constraint constraint = masks.begin();
        long[] mask = new long[masks.words()];
        for (int id : ids) {
            constraint.allowed(mask);
            boolean allowed = (mask[id >> 6] >>> id & 1) != 0;
            if (constraint.accept(id) != allowed) {
                throw new AssertionError("token " + id + " is " + (allowed ? "" : "not ") + "in the mask");
            }
            if (!allowed) {
                return false;
            }
        }
        constraint.allowed(mask);
        boolean may = (mask[end >> 6] >>> end & 1) != 0;
        if (may != constraint.mayEnd() || constraint.accept(end) != may) {
            throw new AssertionError("the end is " + (may ? "" : "not ") + "in the mask");
        }
        return may;
    }
}
