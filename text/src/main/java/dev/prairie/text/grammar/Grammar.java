package dev.prairie.text.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Which texts are allowed. Immutable, and without knowledge of a vocabulary: {@link GrammarTokens#compile} joins it with
 * one. Grammars are read from GBNF, JSON Schema or a regular expression, or put together from others.
 *
 * <p>Whatever is read is bounded: nesting, repetition counts and the size of the whole. What is beyond is refused with
 * the limit in the message.
 */
public final class Grammar {
    private final Expr expression;
    private volatile @Nullable Automaton automaton;

    private Grammar(Expr expression) {
        this.expression = expression;
    }

    /** A grammar that is known to have no fault, or is found to have one now. */
    private static Grammar checked(Expr expression) {
        Grammar grammar = new Grammar(expression);
        grammar.automaton();
        return grammar;
    }

    static Grammar of(Expr expression) {
        return new Grammar(expression);
    }

    Expr expression() {
        return expression;
    }

    Automaton automaton() {
        Automaton known = automaton;
        if (known == null) {
            known = Automaton.of(expression);
            automaton = known;
        }
        return known;
    }

    /** Whether a whole text is allowed. */
    public boolean matches(String text) {
        Automaton table = automaton();
        Configurations configurations = new Configurations(table);
        Configuration at = configurations.at(0, configurations.bottom());
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (byte value : bytes) {
            at = configurations.step(at, value);
        }
        return bytes.length == 0 ? table.finals[0] : at.ends;
    }

    /**
     * A grammar in llama.cpp's notation, its root rule being called {@code root}.
     *
     * @throws GrammarException with line and column of the fault; for rules that recur to the left; for counts and sizes
     *     beyond the limits
     * @see <a href="https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md">GBNF guide</a>
     */
    public static Grammar gbnf(String source) {
        return gbnf(source, "root");
    }

    /**
     * The same with a root rule of another name.
     *
     * @throws GrammarException as {@link #gbnf(String)}
     */
    public static Grammar gbnf(String source, String root) {
        return checked(GbnfReader.read(source, root));
    }

    /**
     * JSON that a schema holds for (2020-12, and draft 7 where {@code $schema} says so). Never wider than the schema, but
     * narrower: properties come in the schema's order; where it names properties and says nothing of others, there are no
     * others; without a {@code type} the type is the one that the words are about; the empty schema asks for an object.
     * {@code uniqueItems} is kept for items of up to ten values and left to the model for open-ended ones.
     *
     * @throws UnsupportedSchemaException naming the keyword and its place, for what cannot be held
     * @throws GrammarException if no text at all holds, or the schema is too large
     * @see <a href="https://json-schema.org/draft/2020-12/json-schema-validation">JSON Schema 2020-12</a>
     */
    public static Grammar jsonSchema(JsonNode schema) {
        return checked(SchemaReader.read(schema));
    }

    /** Any JSON object. */
    public static Grammar jsonObject() {
        return new Grammar(JsonText.OBJECT);
    }

    /** Any JSON value. */
    public static Grammar json() {
        return new Grammar(JsonText.VALUE);
    }

    /**
     * Texts that a regular expression matches from beginning to end. The dialect is ECMAScript's without look-around, back
     * references and word borders; {@code ^} and {@code $} may stand at the edges, where they say nothing.
     *
     * @throws GrammarException for what is not understood, with its place
     * @see <a href="https://tc39.es/ecma262/#sec-patterns">ECMAScript patterns</a>
     */
    public static Grammar regex(String pattern) {
        return checked(RegexReader.whole(pattern));
    }

    /**
     * One of these texts.
     *
     * @throws GrammarException if there is none
     */
    public static Grammar choice(List<String> texts) {
        if (texts.isEmpty()) {
            throw new GrammarException("a choice without texts; name at least one");
        }
        List<Expr> options = new ArrayList<>();
        texts.forEach(text -> options.add(new Expr.Text(text)));
        return checked(new Expr.Either(options));
    }

    /** This very text. */
    public static Grammar literal(String text) {
        return new Grammar(new Expr.Text(text));
    }

    /**
     * A marker of a chat template such as {@code <tool_call>}: the special token of that text where the vocabulary has
     * one, and otherwise the text itself.
     */
    public static Grammar marker(String text) {
        return new Grammar(Expr.either(new Expr.Text(text), new Expr.Token(new Expr.Name.IfSpecial(text), false)));
    }

    /** Grammars one after the other. */
    public static Grammar sequence(Grammar... parts) {
        return sequence(List.of(parts));
    }

    /** Grammars one after the other. */
    public static Grammar sequence(List<Grammar> parts) {
        return new Grammar(
                new Expr.Sequence(parts.stream().map(Grammar::expression).toList()));
    }

    /**
     * One of several grammars.
     *
     * @throws GrammarException if there is none
     */
    public static Grammar either(List<Grammar> options) {
        if (options.isEmpty()) {
            throw new GrammarException("a choice without grammars; name at least one");
        }
        return new Grammar(
                new Expr.Either(options.stream().map(Grammar::expression).toList()));
    }

    /**
     * A grammar {@code least .. most} times; -1 for {@code most} sets no limit.
     *
     * @throws GrammarException if the counts contradict each other
     */
    public static Grammar repeat(Grammar part, int least, int most) {
        if (least < 0 || (most != Expr.Repeat.FOREVER && most < least)) {
            throw new GrammarException("a repetition of at least " + least + " and at most " + most
                    + "; the counts must ascend from 0, or the last be -1");
        }
        return new Grammar(new Expr.Repeat(part.expression, least, most));
    }

    /**
     * Any text, also none, in which none of the triggers occurs. With a marker and something strict behind it this makes a
     * grammar that lets a model talk until it writes the marker: {@code sequence(textWithout("<tool_call>"),
     * repeat(sequence(marker("<tool_call>"), call, textWithout("<tool_call>")), 0, -1))}.
     *
     * @throws GrammarException if a trigger is empty
     */
    public static Grammar textWithout(String... triggers) {
        return new Grammar(FreeText.without(List.of(triggers)));
    }
}
