package dev.prairie.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.testing.Demand;
import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The shared cases of grammars and schemas: what must be accepted, refused, read and not read. */
final class GrammarCasesTest {
    private static final JsonMapper JSON = new JsonMapper();

    @Test
    void everyConstrainedCaseIsDecidedByteByByteAndTokenByToken() {
        Tokenizer tokenizer = Vocabularies.gpt2();
        int end = tokenizer.eos().orElse(50_256);
        GrammarTokens tokens = new GrammarTokens(tokenizer, id -> id == end);
        List<String> failures = new ArrayList<>();
        int texts = 0;
        for (JsonNode example : JSON.readTree(Demand.data("grammars/constrained-cases.json"))) {
            String source = example.get("source").asString();
            Grammar grammar = example.get("kind").asString().equals("gbnf")
                    ? Grammar.gbnf(source)
                    : Grammar.jsonSchema(JSON.readTree(source));
            TokenMasks masks = tokens.compile(grammar);
            for (String expected : List.of("passing", "failing")) {
                for (JsonNode text : example.get(expected)) {
                    boolean passing = expected.equals("passing");
                    texts++;
                    if (text.isString() && Vocabularies.allows(grammar, text.asString()) != passing) {
                        failures.add(example.get("name").asString() + ", bytes, " + expected + ": " + text);
                    }
                    if (Vocabularies.allows(masks, end, ids(tokenizer, text)) != passing) {
                        failures.add(example.get("name").asString() + ", tokens, " + expected + ": " + text);
                    }
                }
            }
        }
        assertThat(failures).isEmpty();
        assertThat(texts).isEqualTo(385);
    }

    /** A text, or pieces of which the numbers are tokens. */
    private static int[] ids(Tokenizer tokenizer, JsonNode text) {
        if (text.isString()) {
            return tokenizer.encode(text.asString());
        }
        IntStream ids = IntStream.empty();
        for (JsonNode piece : text) {
            ids = IntStream.concat(
                    ids,
                    piece.isInt() ? IntStream.of(piece.asInt()) : IntStream.of(tokenizer.encode(piece.asString())));
        }
        return ids.toArray();
    }

    @Test
    void everySyntaxCaseIsReadOrRefused() {
        List<String> failures = new ArrayList<>();
        for (JsonNode example : JSON.readTree(Demand.data("grammars/gbnf-syntax-cases.json"))) {
            String fault = "";
            try {
                Grammar.gbnf(
                        example.get("source").asString(), example.get("root").asString());
            } catch (GrammarException refused) {
                fault = String.valueOf(refused.getMessage());
            }
            if (fault.isEmpty() != example.get("valid").asBoolean()) {
                failures.add(example.get("name").asString() + ": " + fault);
            }
        }
        assertThat(failures).isEmpty();
    }

    @Test
    void everySchemaIsHeldOrRefused() {
        List<String> failures = new ArrayList<>();
        for (JsonNode example : JSON.readTree(Demand.data("grammars/schema-cases.json"))) {
            String fault = "";
            try {
                Grammar.jsonSchema(JSON.readTree(example.get("schema").asString()));
            } catch (GrammarException refused) {
                fault = String.valueOf(refused.getMessage());
            }
            if (fault.isEmpty() != example.get("convertible").asBoolean()) {
                failures.add(example.get("name").asString() + ": " + fault);
            }
        }
        assertThat(failures).isEmpty();
    }

    @Test
    void everyExampleGrammarIsRead() throws IOException {
        try (Stream<Path> files = Files.list(Demand.data("grammars/gbnf"))) {
            List<Path> grammars =
                    files.filter(file -> file.toString().endsWith(".gbnf")).toList();
            assertThat(grammars).hasSize(8);
            for (Path file : grammars) {
                assertThat(Grammar.gbnf(Files.readString(file)).automaton().states())
                        .isPositive();
            }
        }
    }
}
