/**
 * Constrained decoding: what a text must look like, as masks over the vocabulary that are computed ahead.
 * {@link dev.prairie.text.grammar.Grammar} says what is allowed, {@link dev.prairie.text.grammar.GrammarTokens} knows a
 * vocabulary, {@link dev.prairie.text.grammar.TokenMasks} joins the two, and each sequence walks with a
 * {@link dev.prairie.text.grammar.Constraint} of its own.
 *
 * <p>The river in here: a reader ({@code GbnfReader}, {@code RegexReader}, {@code SchemaReader}) makes an {@code Expr};
 * {@code Thompson} turns each rule into an {@code Nfa} over bytes, {@code Determinizer} into a {@code Fragment}, and
 * {@code Automaton} joins them; {@code Configurations} runs it with a stack that positions share; {@code TokenMasks}
 * walks the vocabulary's trie with it.
 */
@NullMarked
package dev.prairie.text.grammar;

import org.jspecify.annotations.NullMarked;
