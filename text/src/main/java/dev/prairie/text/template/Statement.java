package dev.prairie.text.template;

import java.util.List;
import java.util.Optional;

/** What does something: writes, decides, repeats, assigns. */
sealed interface Statement {
    record Text(String text) implements Statement {}

    record Print(Expression value) implements Statement {}

    record If(Expression condition, List<Statement> then, List<Statement> otherwise) implements Statement {}

    record For(
            Position at,
            Expression target,
            Expression iterable,
            Optional<Expression> filter,
            boolean recursive,
            List<Statement> body,
            List<Statement> otherwise)
            implements Statement {}

    record Set(Expression target, Expression value) implements Statement {}

    /** {@code set} with a body: {@code value} sees the body's text under the name {@link #CAPTURED}. */
    record SetBlock(Expression target, Expression value, List<Statement> body) implements Statement {}

    /** {@code filter} with a body; {@code value} as in {@link SetBlock}. */
    record FilterBlock(Expression value, List<Statement> body) implements Statement {}

    record Macro(
            Position at,
            String name,
            List<Parameter> parameters,
            boolean takesMore,
            boolean takesMoreNamed,
            List<Statement> body)
            implements Statement {}

    /** {@code call}: the body is a macro called {@code caller} to what is called. */
    record CallBlock(Expression.Call call, Macro caller) implements Statement {}

    /** A body with names of its own: {@code with}, {@code generation}. */
    record Scoped(List<Expression> targets, List<Expression> values, List<Statement> body) implements Statement {}

    record Break(Position at) implements Statement {}

    record Continue(Position at) implements Statement {}

    /** A parameter of a macro and what it is if it is not given. */
    record Parameter(String name, Optional<Expression> otherwise) {}

    /** A name that no template can spell. */
    String CAPTURED = "captured text";
}
