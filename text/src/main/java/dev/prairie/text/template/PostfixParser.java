package dev.prairie.text.template;

import dev.prairie.text.template.Expression.NamedArgument;
import dev.prairie.text.template.Expression.Passed;
import dev.prairie.text.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads what follows a value: {@code .name}, {@code [key]}, {@code (arguments)}, {@code | filter}, {@code is test}. */
final class PostfixParser {
    private final TokenStream tokens;
    private final ExpressionParser expressions;

    PostfixParser(TokenStream tokens, ExpressionParser expressions) {
        this.tokens = tokens;
        this.expressions = expressions;
    }

    /** Subscripts and calls. */
    Expression of(Expression start) {
        Expression value = start;
        while (true) {
            Token token = tokens.peek();
            if (tokens.skipOperator(".")) {
                Token name = tokens.take();
                value = switch (name.kind()) {
                    case NAME -> new Expression.Attribute(token.at(), value, name.text());
                    case INTEGER ->
                        new Expression.Item(
                                token.at(),
                                value,
                                new Expression.Literal(
                                        name.at(), new Value.Int(ExpressionParser.integer(name.text()))));
                    default ->
                        throw tokens.error(
                                name, "expected a name after '.', found " + name.title() + "; correct the template");
                };
            } else if (tokens.skipOperator("[")) {
                value = subscript(token, value);
            } else if (tokens.peek().isOperator("(")) {
                value = new Expression.Call(token.at(), value, passed());
            } else {
                return value;
            }
        }
    }

    private Expression subscript(Token open, Expression target) {
        Optional<Expression> from = Optional.empty();
        if (!tokens.peek().isOperator(":")) {
            Expression key =
                    tokens.peek().isOperator("]") ? new Expression.TupleOf(open.at(), List.of()) : subscriptKey();
            if (tokens.skipOperator("]")) {
                return new Expression.Item(open.at(), target, key);
            }
            from = Optional.of(key);
        }
        tokens.expectOperator(":");
        Optional<Expression> to = sliceBound();
        Optional<Expression> step = tokens.skipOperator(":") ? sliceBound() : Optional.empty();
        tokens.expectOperator("]");
        return new Expression.Slice(open.at(), target, from, to, step);
    }

    private Expression subscriptKey() {
        Position at = tokens.peek().at();
        Expression first = expressions.expression();
        if (!tokens.peek().isOperator(",")) {
            return first;
        }
        List<Expression> keys = new ArrayList<>(List.of(first));
        while (tokens.skipOperator(",")) {
            keys.add(expressions.expression());
        }
        return new Expression.TupleOf(at, keys);
    }

    private Optional<Expression> sliceBound() {
        return tokens.peek().isOperator(":") || tokens.peek().isOperator("]")
                ? Optional.empty()
                : Optional.of(expressions.expression());
    }

    private Passed passed() {
        tokens.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        List<NamedArgument> named = new ArrayList<>();
        Optional<Expression> list = Optional.empty();
        Optional<Expression> dict = Optional.empty();
        boolean more = false;
        while (!tokens.skipOperator(")")) {
            if (more) {
                tokens.expectOperator(",");
                if (tokens.skipOperator(")")) {
                    break;
                }
            }
            more = true;
            if (tokens.skipOperator("*")) {
                list = Optional.of(expressions.expression());
            } else if (tokens.skipOperator("**")) {
                dict = Optional.of(expressions.expression());
            } else if (tokens.peek().kind() == Kind.NAME && tokens.peekAfter().isOperator("=")) {
                String name = tokens.take().text();
                tokens.take();
                named.add(new NamedArgument(name, expressions.expression()));
            } else if (!named.isEmpty() || dict.isPresent()) {
                throw tokens.unexpected("an argument with a name, as the one before has one");
            } else {
                positional.add(expressions.expression());
            }
        }
        return new Passed(positional, named, list, dict);
    }

    /** Filters, tests and further calls behind a value. */
    Expression filters(Expression start) {
        Expression value = start;
        while (true) {
            if (tokens.peek().isOperator("|")) {
                value = filterChain(value);
            } else if (tokens.peek().isName("is")) {
                value = test(value);
            } else if (tokens.peek().isOperator("(")) {
                value = new Expression.Call(tokens.peek().at(), value, passed());
            } else {
                return value;
            }
        }
    }

    /** {@code | filter | filter …} behind {@code value}. */
    Expression filterChain(Expression value) {
        Expression filtered = value;
        while (tokens.skipOperator("|")) {
            filtered = filter(filtered);
        }
        return filtered;
    }

    Expression filter(Expression value) {
        Token name = tokens.peek();
        String full = dotted();
        return new Expression.Filter(name.at(), value, full, tokens.peek().isOperator("(") ? passed() : Passed.NOTHING);
    }

    private String dotted() {
        StringBuilder name = new StringBuilder(tokens.expect(Kind.NAME).text());
        while (tokens.skipOperator(".")) {
            name.append('.').append(tokens.expect(Kind.NAME).text());
        }
        return name.toString();
    }

    private Expression test(Expression value) {
        Position at = tokens.take().at();
        boolean negated = tokens.skipName("not");
        String name = dotted();
        Passed passed = Passed.NOTHING;
        Token next = tokens.peek();
        if (next.isOperator("(")) {
            passed = passed();
        } else if (beginsArgument(next)) {
            if (next.isName("is")) {
                throw tokens.error(next, "a test behind a test; join them with 'and'");
            }
            Expression argument = of(expressions.primary());
            passed = new Passed(List.of(argument), List.of(), Optional.empty(), Optional.empty());
        }
        Expression test = new Expression.Test(at, value, name, passed);
        return negated ? new Expression.Not(at, test) : test;
    }

    private static boolean beginsArgument(Token token) {
        return switch (token.kind()) {
            case NAME -> !token.isName("else") && !token.isName("or") && !token.isName("and");
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.isOperator("[") || token.isOperator("{");
            default -> false;
        };
    }
}
