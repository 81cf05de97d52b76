package dev.prairie.text.template;

import java.util.List;
import java.util.Optional;

/** What gives a value. Each knows where it stands, for errors. */
sealed interface Expression {
    Position at();

    record Literal(Position at, Value value) implements Expression {}

    record Name(Position at, String name) implements Expression {}

    record ListOf(Position at, List<Expression> items) implements Expression {}

    record TupleOf(Position at, List<Expression> items) implements Expression {}

    record DictOf(Position at, List<Expression> keys, List<Expression> values) implements Expression {}

    record Attribute(Position at, Expression target, String name) implements Expression {}

    record Item(Position at, Expression target, Expression key) implements Expression {}

    record Slice(
            Position at,
            Expression target,
            Optional<Expression> from,
            Optional<Expression> to,
            Optional<Expression> step)
            implements Expression {}

    record Call(Position at, Expression target, Passed passed) implements Expression {}

    record Filter(Position at, Expression target, String name, Passed passed) implements Expression {}

    record Test(Position at, Expression target, String name, Passed passed) implements Expression {}

    record Unary(Position at, String operator, Expression operand) implements Expression {}

    record Binary(Position at, String operator, Expression left, Expression right) implements Expression {}

    /** {@code a < b <= c}: every neighbour with the next, as far as all hold. */
    record Compare(Position at, Expression first, List<Comparand> rest) implements Expression {}

    record And(Position at, List<Expression> operands) implements Expression {}

    record Or(Position at, List<Expression> operands) implements Expression {}

    record Not(Position at, Expression operand) implements Expression {}

    record Concat(Position at, List<Expression> operands) implements Expression {}

    record Conditional(Position at, Expression condition, Expression then, Optional<Expression> otherwise)
            implements Expression {}

    /** An operator ({@code ==}, {@code in}, {@code not in} …) and what stands to its right. */
    record Comparand(String operator, Expression operand) {}

    /** The arguments written at a call: in order, by name, and those of {@code *list} and {@code **dict}. */
    record Passed(
            List<Expression> positional, List<NamedArgument> named, Optional<Expression> list, Optional<Expression> dict) {
        static final Passed NOTHING = new Passed(List.of(), List.of(), Optional.empty(), Optional.empty());
    }

    /** {@code name=value}. */
    record NamedArgument(String name, Expression value) {}
}
