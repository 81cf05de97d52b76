package dev.prairie.text.grammar;

import dev.prairie.testing.Demand;
import dev.prairie.text.tokenizer.ByteLevelBpe;
import dev.prairie.text.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.List;

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

    /** Whether a grammar allows a text, byte by byte. */
    static boolean allows(Grammar grammar, String text) {
        Automaton automaton = grammar.automaton();
        Configurations configurations = new Configurations(automaton);
        Configuration at = configurations.at(0, configurations.bottom());
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (byte value : bytes) {
            at = configurations.step(at, value);
        }
        return bytes.length == 0 ? automaton.finals[0] : at.ends;
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
