package dev.prairie.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import dev.prairie.testing.Demand;
import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON Schema's own test suite, held against another validator: what a grammar allows must be valid. A grammar may be
 * narrower than its schema, and may be refused, but only for a word that is there.
 */
final class SchemaSuiteTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int WALKS = 8;

    /** What a string's content is was optional to check in draft 7 and has been a note since. */
    private static final String NOTES = "optional/content.json";

    /**
     * Where the validator is no judge: it takes Java's regular expressions for ECMAScript's, allows addresses in the
     * top-level domains of a list alone, and loads no dialects over the network.
     */
    private static final List<String> NO_ORACLE =
            List.of("ecmascript-regex.json", "email format", "email.json", "http://localhost:1234/");

    private final Tokenizer tokenizer = Vocabularies.gpt2();
    private final int end = tokenizer.eos().orElse(50_256);
    private final GrammarTokens tokens = new GrammarTokens(tokenizer, id -> id == end);
    private final Map<Byte, Integer> singles = new HashMap<>();

    private final List<String> faults = new ArrayList<>();
    private final Map<String, Integer> unsupported = new TreeMap<>();
    private int compiled;
    private int empty;
    private int refused;
    private int invalid;
    private int accepted;
    private int valid;

    @Test
    void whatDraft2020AllowsIsValid() throws IOException {
        check("draft2020-12", SpecificationVersion.DRAFT_2020_12);
        assertThat(faults).isEmpty();
        assertThat(compiled).isGreaterThan(200);
        assertThat(refused).isEqualTo(invalid);
    }

    @Test
    void whatDraft7AllowsIsValid() throws IOException {
        check("draft7", SpecificationVersion.DRAFT_7);
        assertThat(faults).isEmpty();
        assertThat(compiled).isGreaterThan(150);
        assertThat(refused).isEqualTo(invalid);
    }

    private void check(String draft, SpecificationVersion version) throws IOException {
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            if (tokenizer.bytes(id).length == 1) {
                singles.put(tokenizer.bytes(id)[0], id);
            }
        }
        SchemaRegistry registry = SchemaRegistry.withDefaultDialect(
                version,
                builder -> builder.schemaRegistryConfig(SchemaRegistryConfig.builder()
                        .formatAssertionsEnabled(true)
                        .build()));
        try (Stream<Path> files = Files.walk(Demand.data("benchmarks/json-schema-suite/tests/" + draft))) {
            for (Path file : files.filter(path -> path.toString().endsWith(".json") && !path.endsWith(NOTES))
                    .sorted()
                    .toList()) {
                for (JsonNode group : JSON.readTree(file)) {
                    String name =
                            file.getFileName() + ": " + group.get("description").asString();
                    try {
                        group(name, group, registry);
                    } catch (RuntimeException failure) {
                        faults.add(name + ": " + failure);
                    }
                }
            }
        }
        System.out.println(draft + ": " + compiled + " schemas with a grammar, " + refused + " of " + invalid
                + " invalid instances refused, " + accepted + " of " + valid + " valid ones allowed; " + empty
                + " allow no text; not supported " + unsupported);
    }

    private void group(String name, JsonNode group, SchemaRegistry registry) {
        JsonNode schema = group.get("schema");
        Grammar grammar;
        try {
            grammar = Grammar.jsonSchema(schema);
        } catch (UnsupportedSchemaException refusal) {
            unsupported.merge(refusal.keyword(), 1, Integer::sum);
            if (!schema.toString().contains("\"" + refusal.keyword() + "\"")) {
                faults.add(name + ": refused for '" + refusal.keyword() + "', which is not there");
            }
            return;
        } catch (GrammarException nothing) {
            empty++;
            if (!String.valueOf(nothing.getMessage()).contains("allows no text")) {
                faults.add(name + ": " + nothing.getMessage());
            }
            return;
        }
        compiled++;
        for (JsonNode test : group.get("tests")) {
            boolean allowed = grammar.matches(JsonText.compact(test.get("data")));
            if (test.get("valid").asBoolean()) {
                valid++;
                accepted += allowed ? 1 : 0;
            } else {
                invalid++;
                refused += allowed ? 0 : 1;
                if (allowed) {
                    faults.add(name + ": allows " + test.get("data") + " (" + test.get("description") + ") " + schema);
                }
            }
        }
        TokenMasks masks = tokens.compile(grammar);
        if (NO_ORACLE.stream().anyMatch((name + schema.path("$schema").asString(""))::contains)) {
            return;
        }
        ShortestEnd shortest = new ShortestEnd(grammar);
        com.networknt.schema.Schema validator = registry.getSchema(schema);
        for (int seed = 0; seed < WALKS; seed++) {
            String text = walk(shortest, masks, new Random(31L * name.hashCode() + seed));
            if (!validator.validate(text, InputFormat.JSON).isEmpty()) {
                faults.add(name + ": writes " + text + ", but "
                        + validator.validate(text, InputFormat.JSON).getFirst() + " of " + schema);
            }
        }
    }

    /** Any text of the grammar: for a while any tokens, then the shortest way to an end, byte by byte. */
    private String walk(ShortestEnd shortest, TokenMasks masks, Random random) {
        Constraint constraint = masks.begin();
        long[] mask = new long[masks.words()];
        List<Integer> ids = new ArrayList<>();
        for (int free = random.nextInt(30); free > 0; free--) {
            constraint.allowed(mask);
            boolean ends = constraint.mustEnd() || (constraint.mayEnd() && random.nextInt(4) == 0);
            int id = ends ? end : any(mask, random);
            take(constraint, mask, id);
            if (id == end) {
                return new String(joined(ids), StandardCharsets.UTF_8);
            }
            ids.add(id);
        }
        for (byte value : shortest.after(joined(ids))) {
            ids.add(singles.get(value));
            take(constraint, mask, ids.getLast());
        }
        take(constraint, mask, end);
        return new String(joined(ids), StandardCharsets.UTF_8);
    }

    private static void take(Constraint constraint, long[] mask, int id) {
        constraint.allowed(mask);
        if ((mask[id >> 6] >>> id & 1) == 0 || !constraint.accept(id)) {
            throw new AssertionError("token " + id + " is not allowed");
        }
    }

    private byte[] joined(List<Integer> ids) {
        java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
        ids.forEach(id -> all.writeBytes(tokenizer.bytes(id)));
        return all.toByteArray();
    }

    /** An end is chosen by the walk, not by chance. */
    private int any(long[] mask, Random random) {
        return Vocabularies.any(without(mask, end), random);
    }

    private static long[] without(long[] mask, int id) {
        long[] less = mask.clone();
        less[id >> 6] &= ~(1L << id);
        return less;
    }
}
