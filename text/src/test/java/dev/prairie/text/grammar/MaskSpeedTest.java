package dev.prairie.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.text.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** What a mask costs with a vocabulary of 128,000 tokens: printed, and held against far more than it costs. */
final class MaskSpeedTest {
    private static final int VOCABULARY = 128_000;

    private static final String PERSON = """
            {"type": "object", "properties": {
              "name": {"type": "string", "minLength": 1, "maxLength": 200},
              "age": {"type": "integer", "minimum": 0, "maximum": 150},
              "email": {"type": "string", "format": "email"},
              "tags": {"type": "array", "items": {"enum": ["red", "green", "blue"]}, "maxItems": 5},
              "address": {"$ref": "#/$defs/address"}},
             "required": ["name", "age", "address"],
             "$defs": {"address": {"type": "object", "properties": {
               "street": {"type": "string"}, "zip": {"type": "string", "pattern": "^[0-9]{5}$"},
               "next": {"$ref": "#/$defs/address"}}, "required": ["street"]}}}
            """;

    @Test
    void masksOfALargeVocabularyCostLittleOfATokensTime(@TempDir Path folder) {
        Tokenizer tokenizer = Vocabularies.large(VOCABULARY, folder);
        int end = tokenizer.vocabularySize() - 1;
        long opened = System.nanoTime();
        GrammarTokens tokens = new GrammarTokens(tokenizer, id -> id == end);
        System.out.printf("trie of %d nodes in %.1f ms%n", tokens.nodes, (System.nanoTime() - opened) / 1e6);
        List<Grammar> grammars = List.of(
                Grammar.jsonSchema(new JsonMapper().readTree(PERSON)),
                Grammar.jsonObject(),
                Grammar.gbnf("root ::= line+\nline ::= [A-Z] [^\\n]* \"\\n\""),
                Grammar.regex("(?:[a-z]+ ){3,20}[0-9]{4}-[0-9]{2}"),
                Grammar.choice(Stream.iterate(0, i -> i + 1)
                        .limit(2_000)
                        .map(i -> "option " + i)
                        .toList()));
        long[] all = new long[0];
        for (Grammar grammar : grammars) {
            long begun = System.nanoTime();
            TokenMasks masks = tokens.compile(grammar);
            long compiled = System.nanoTime() - begun;
            long[] times = times(masks, end, new Random(7));
            all = Arrays.copyOf(all, all.length + times.length);
            System.arraycopy(times, 0, all, all.length - times.length, times.length);
            System.out.printf("compiled in %.1f ms; %s%n", compiled / 1e6, told(times));
        }
        System.out.println("all: " + told(all));
        // 5 % of the 27 ms in which a small model decodes a token.
        assertThat(Arrays.stream(all).average().orElseThrow()).isLessThan(1.3e6);
    }

    /** Nanoseconds for mask and step of each token of some texts, the first text not being warmed up for. */
    private static long[] times(TokenMasks masks, int end, Random random) {
        long[] times = new long[4_000];
        long[] mask = new long[masks.words()];
        Constraint constraint = masks.begin();
        for (int i = 0, length = 0; i < times.length; i++, length++) {
            if (constraint.mustEnd() || (constraint.mayEnd() && length > 200)) {
                constraint = masks.begin();
                length = 0;
            }
            long begun = System.nanoTime();
            constraint.allowed(mask);
            long asked = System.nanoTime() - begun;
            int id = Vocabularies.any(mask, random);
            begun = System.nanoTime();
            if (!constraint.accept(id)) {
                throw new AssertionError("token " + id);
            }
            times[i] = asked + System.nanoTime() - begun;
            if (id == end) {
                constraint = masks.begin();
                length = 0;
            }
        }
        return times;
    }

    private static String told(long[] times) {
        long[] sorted = times.clone();
        Arrays.sort(sorted);
        return String.format(
                "mean %.1f us, median %.1f us, 99 of 100 below %.1f us, longest %.1f us",
                Arrays.stream(sorted).average().orElseThrow() / 1e3,
                sorted[sorted.length / 2] / 1e3,
                sorted[sorted.length * 99 / 100] / 1e3,
                sorted[sorted.length - 1] / 1e3);
    }
}
