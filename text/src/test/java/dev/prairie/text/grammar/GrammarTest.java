package dev.prairie.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** Grammars put together, patterns, schemas' details, and what must be refused rather than run for ever. */
final class GrammarTest {
    private static Grammar schema(String json) {
        return Grammar.jsonSchema(new JsonMapper().readTree(json));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "(a|a)*, aaa, b",
                "^(?:foo|ba[rz])+$, foobar, foob",
                "[^a-c\\d]{2}, xy, a1",
                "\\u00e9\\x41|\\p{Lu}, éA, a",
                "a{2}b+?, aabb, ab",
            })
    void aPatternMatchesTheWhole(String pattern, String matching, String other) {
        assertThat(Grammar.regex(pattern).matches(matching)).isTrue();
        assertThat(Grammar.regex(pattern).matches(other)).isFalse();
    }

    @Test
    void aTextIsFreeUntilATriggerAndStrictBehindIt() {
        Grammar call = Grammar.sequence(
                Grammar.marker("<tool_call>"),
                schema("{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"required\":[\"n\"]}"),
                Grammar.literal("</tool_call>"));
        Grammar free = Grammar.textWithout("<tool_call>");
        Grammar grammar = Grammar.sequence(free, Grammar.repeat(Grammar.sequence(call, free), 0, -1));
        assertThat(grammar.matches("")).isTrue();
        assertThat(grammar.matches("1 < 2 <tool <<tool_call")).isTrue();
        assertThat(grammar.matches("hm <<tool_call>{\"n\": 3}</tool_call> and <tool_call>{\"n\":4}</tool_call>"))
                .isTrue();
        assertThat(grammar.matches("<tool_call>")).isFalse();
        assertThat(grammar.matches("a <tool_call>{\"n\": x}</tool_call>")).isFalse();
    }

    @Test
    void severalTriggersThatOverlapAreAllFound() {
        Grammar free = Grammar.textWithout("abab", "ba!", "中");
        assertThat(free.matches("aba babb文")).isTrue();
        assertThat(List.of("xabab", "ababa!", "ba!", "aba!", "x中")).noneMatch(free::matches);
    }

    @Test
    void aRepetitionCountsAndAChoiceChooses() {
        Grammar grammar = Grammar.repeat(
                Grammar.either(List.of(Grammar.literal("ab"), Grammar.choice(List.of("c", "cd")))), 2, 3);
        assertThat(List.of("abc", "cdcab", "ccd")).allMatch(grammar::matches);
        assertThat(List.of("ab", "cdd", "abababab", "")).noneMatch(grammar::matches);
        assertThatThrownBy(() -> Grammar.repeat(grammar, 3, 2)).isInstanceOf(GrammarException.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{`type`:`number`,`minimum`:-1.5,`exclusiveMaximum`:2.25} | -1.5 0 2.249 -0.1 | -1.51 2.25 3 00 -0 1e0",
                "{`type`:`number`,`multipleOf`:0.25} | 0.25 3 -1.5 12.75 | 0.3 0.251 1.1",
                "{`type`:`integer`,`multipleOf`:7,`minimum`:10} | 14 21 700 | 7 15 13",
                "{`type`:`integer`,`maximum`:0} | 0 -1 -12 | 1 -0 -01",
                "{`enum`:[1,2,3,`a`],`type`:`integer`,`minimum`:2} | 2 3 | 1 `a` 4",
                "{`type`:`array`,`items`:{`enum`:[1,2,3]},`uniqueItems`:true,`minItems`:2} | [1,2] [3,1,2] | [1] [1,1] [2,1,2]",
                "{`minProperties`:1,`maxProperties`:2,`additionalProperties`:{`type`:`null`}} | {\"a\":null} | {} {\"a\":1}",
                "{`type`:`string`,`pattern`:`b`,`maxLength`:3} | \"abc\" \"b\" | \"ac\" \"abcd\"",
                "{`type`:`string`,`format`:`date`} | \"2024-02-29\" | \"2023-02-29\" \"1900-02-29\" \"2024-13-01\"",
                "{`oneOf`:[{`type`:`string`},{`type`:`integer`}]} | 3 \"a\" | 1.5 null",
            })
    void aSchemaAllowsAndRefuses(String json, String allowed, String refused) {
        Grammar grammar = schema(json.replace('`', '"'));
        assertThat(List.of(allowed.replace('`', '"').split(" "))).allMatch(grammar::matches);
        assertThat(List.of(refused.replace('`', '"').split(" "))).noneMatch(grammar::matches);
    }

    @Test
    void aRecursiveSchemaGoesAsDeepAsTheText() {
        Grammar grammar = schema("""
                {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "additionalProperties": false,
                  "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}, "required": ["next"]}}}
                """);
        String deep = "{\"next\":".repeat(5_000) + "null" + "}".repeat(5_000);
        assertThat(grammar.matches(deep)).isTrue();
        assertThat(grammar.matches(deep.substring(1))).isFalse();
    }

    @Test
    void anUnsupportedKeywordIsNamedWithItsPlace() {
        assertThatThrownBy(
                        () -> schema(
                                "{\"type\":\"object\",\"properties\":{\"a/b\":{\"items\":{\"not\":{}}}},\"required\":[\"a/b\"]}"))
                .isInstanceOfSatisfying(UnsupportedSchemaException.class, refused -> {
                    assertThat(refused.keyword()).isEqualTo("not");
                    assertThat(refused.pointer()).isEqualTo("/properties/a~1b/items");
                });
        assertThatThrownBy(() -> schema("{\"oneOf\":[{\"minimum\":1},{\"maximum\":3}]}"))
                .hasMessageContaining("'oneOf'")
                .hasMessageContaining("0 and 1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "root ::= (((((\"a\"{0,99}){0,99}){0,99}){0,99}){0,99}){0,99}",
                "root ::= [^x]{0,1000000}",
                "root ::= \"a\" root",
                "root ::= a\na ::= b? a \"x\" | \"y\"\nb ::= \"z\"",
                "root ::= \"a",
                "root ::= []",
            })
    void aHostileGrammarIsRefusedAtOnce(String source) {
        Assertions.assertTimeout(
                Duration.ofSeconds(5),
                () -> assertThatThrownBy(() -> Grammar.gbnf(source)).isInstanceOf(GrammarException.class));
        Assertions.assertTimeout(
                Duration.ofSeconds(5),
                () -> assertThatThrownBy(() -> Grammar.gbnf("root ::= " + "(".repeat(100_000)))
                        .hasMessageContaining("line 1:"));
    }

    @Test
    void whatOnlyLooksHostileRunsInTime() {
        Assertions.assertTimeout(Duration.ofSeconds(20), () -> {
            assertThat(Grammar.regex("(a|b)*a(a|b){200}").matches("a".repeat(300)))
                    .isTrue();
            assertThat(Grammar.gbnf("root ::= ((((((\"a\"*)*)+)*)+)*)+").matches("a".repeat(1_000)))
                    .isTrue();
            assertThat(Grammar.gbnf("root ::= \"a\" root root | \"b\"").matches("a".repeat(200) + "b".repeat(201)))
                    .isTrue();
            List<String> many = IntStream.range(0, 20_000)
                    .mapToObj(i -> "value number " + i)
                    .toList();
            assertThat(Grammar.choice(many).matches("value number 19999")).isTrue();
            assertThatThrownBy(() -> schema("{\"items\":".repeat(400) + "{}" + "}".repeat(400)))
                    .isInstanceOf(GrammarException.class);
        });
    }

    @Test
    void masksAgreeWithBytesAndCopiesGoTheirOwnWay(@TempDir Path folder) {
        var tokenizer = Vocabularies.large(3_000, folder);
        int end = tokenizer.vocabularySize() - 1;
        GrammarTokens tokens = new GrammarTokens(tokenizer, id -> id == end);
        Grammar grammar = schema("""
                {"type": "object", "properties": {"a": {"type": "string", "maxLength": 7}, "b": {"type": "array",
                 "items": {"type": "number"}, "maxItems": 3}}, "required": ["a", "b"]}
                """);
        TokenMasks masks = tokens.compile(grammar);
        Random random = new Random(3);
        long[] mask = new long[masks.words()];
        for (int text = 0; text < 20; text++) {
            Constraint constraint = masks.begin();
            Configurations bytes = new Configurations(grammar.automaton());
            Configuration at = bytes.at(0, bytes.bottom());
            while (!constraint.mustEnd()) {
                constraint.allowed(mask);
                for (int id = 0; id < end; id++) {
                    Configuration next = at;
                    for (byte value : tokenizer.bytes(id)) {
                        next = bytes.step(next, value);
                    }
                    boolean allowed = (mask[id >> 6] >>> id & 1) != 0;
                    assertThat(allowed).as("%s", tokenizer.spelling(id)).isEqualTo(!next.isDead());
                }
                Constraint copy = constraint.copy();
                int id = Vocabularies.any(mask, random);
                assertThat(constraint.accept(id)).isTrue();
                assertThat(copy.accept(id)).isTrue();
                for (byte value : tokenizer.bytes(id)) {
                    at = bytes.step(at, value);
                }
            }
            assertThat(constraint.mayEnd()).isTrue();
            assertThat(constraint.accept(end)).isTrue();
            assertThat(constraint.accept(end)).isFalse();
        }
    }

    @Test
    void whatMustComeIsSaidAheadAndADroppedSpaceIsAllowed(@TempDir Path folder) {
        var tokenizer = Vocabularies.large(600, folder);
        int end = tokenizer.vocabularySize() - 1;
        TokenMasks masks = new GrammarTokens(tokenizer, id -> id == end).compile(Grammar.regex("\\{\"name\": [0-9]"));
        assertThat(new String(masks.begin().forced(), java.nio.charset.StandardCharsets.UTF_8))
                .isEqualTo("{\"name\": ");
        int space = ' ';
        long[] mask = new long[masks.words()];
        Constraint spaced = masks.beginWithoutSpace();
        spaced.allowed(mask);
        assertThat(mask['{' >> 6] >>> '{' & 1).isEqualTo(1);
        assertThat(spaced.accept(space)).isFalse();
        assertThat(spaced.accept('{')).isTrue();
    }
}
