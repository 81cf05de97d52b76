package dev.prairie.text.template;

import dev.prairie.text.template.Expression.Comparand;
import dev.prairie.text.template.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Reads expressions. From weak to strong: conditional, or, and, not, comparison, + −, ~, * / // %, **, sign, then what
 * follows a value: {@code .name}, {@code [key]}, {@code (arguments)}, {@code | filter}, {@code is test}. Words such as
 * {@code if} and {@code in} are names where a value is expected, as in Jinja.
 */
final class ExpressionParser {
    private static final Map<String, Value> CONSTANTS = Map.of(
            "true", Value.TRUE,
            "True", Value.TRUE,
            "false", Value.FALSE,
            "False", Value.FALSE,
            "none", Value.NONE,
            "None", Value.NONE);

    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");

    private final TokenStream tokens;
    private final PostfixParser postfix;

    /** Every name read so far, by which a macro tells whether it asks for further arguments. */
    private Set<String> names = new HashSet<>();

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
        this.postfix = new PostfixParser(tokens, this);
    }

    /** The names that {@code reading} reads. */
    Set<String> namesIn(Runnable reading) {
        Set<String> outer = names;
        names = new HashSet<>();
        reading.run();
        Set<String> inner = names;
        names = outer;
        names.addAll(inner);
        return inner;
    }

    Expression expression() {
        tokens.enter();
        Position at = tokens.peek().at();
        Expression value = or();
        while (tokens.skipName("if")) {
            Expression condition = or();
            Optional<Expression> otherwise = tokens.skipName("else") ? Optional.of(expression()) : Optional.empty();
            value = new Expression.Conditional(at, condition, value, otherwise);
        }
        tokens.leave();
        return value;
    }

    /** One expression, or several with commas between, which make a tuple. {@code end} is a word that ends it. */
    Expression tuple(boolean conditional, String end) {
        return tuple(conditional ? this::expression : this::or, end, false);
    }

    private Expression tuple(Supplier<Expression> element, String end, boolean mayBeEmpty) {
        Position at = tokens.peek().at();
        List<Expression> items = new ArrayList<>();
        boolean comma = false;
        while (!endsTuple(end)) {
            items.add(element.get());
            if (!tokens.skipOperator(",")) {
                break;
            }
            comma = true;
        }
        if (items.isEmpty() && !mayBeEmpty) {
            throw tokens.unexpected("an expression");
        }
        return items.size() == 1 && !comma ? items.getFirst() : new Expression.TupleOf(at, items);
    }

    private boolean endsTuple(String end) {
        Token next = tokens.peek();
        return next.kind() == Kind.BLOCK_END
                || next.kind() == Kind.PRINT_END
                || next.kind() == Kind.END
                || next.isOperator(")")
                || next.isName(end);
    }

    /** What is assigned to: names, attributes of a namespace, tuples of them. Whether it can be is seen when it is done. */
    Expression target(String end) {
        return tuple(
                () -> {
                    Expression target = primary();
                    while (tokens.skipOperator(".")) {
                        Token name = tokens.expect(Kind.NAME);
                        target = new Expression.Attribute(name.at(), target, name.text());
                    }
                    return target;
                },
                end,
                false);
    }

    private Expression or() {
        Position at = tokens.peek().at();
        List<Expression> operands = new ArrayList<>(List.of(and()));
        while (tokens.skipName("or")) {
            operands.add(and());
        }
        return operands.size() == 1 ? operands.getFirst() : new Expression.Or(at, operands);
    }

    private Expression and() {
        Position at = tokens.peek().at();
        List<Expression> operands = new ArrayList<>(List.of(not()));
        while (tokens.skipName("and")) {
            operands.add(not());
        }
        return operands.size() == 1 ? operands.getFirst() : new Expression.And(at, operands);
    }

    private Expression not() {
        Position at = tokens.peek().at();
        if (!tokens.skipName("not")) {
            return comparison();
        }
        tokens.enter();
        Expression operand = not();
        tokens.leave();
        return new Expression.Not(at, operand);
    }

    private Expression comparison() {
        Position at = tokens.peek().at();
        Expression first = sum();
        List<Comparand> rest = new ArrayList<>();
        while (true) {
            if (tokens.peek().kind() == Kind.OPERATOR
                    && COMPARISONS.contains(tokens.peek().text())) {
                rest.add(new Comparand(tokens.take().text(), sum()));
            } else if (tokens.skipName("in")) {
                rest.add(new Comparand("in", sum()));
            } else if (tokens.peek().isName("not") && tokens.peekAfter().isName("in")) {
                tokens.take();
                tokens.take();
                rest.add(new Comparand("not in", sum()));
            } else {
                return rest.isEmpty() ? first : new Expression.Compare(at, first, rest);
            }
        }
    }

    private Expression sum() {
        Expression left = concat();
        while (tokens.peek().isOperator("+") || tokens.peek().isOperator("-")) {
            Token operator = tokens.take();
            left = new Expression.Binary(operator.at(), operator.text(), left, concat());
        }
        return left;
    }

    private Expression concat() {
        Position at = tokens.peek().at();
        List<Expression> operands = new ArrayList<>(List.of(product()));
        while (tokens.skipOperator("~")) {
            operands.add(product());
        }
        return operands.size() == 1 ? operands.getFirst() : new Expression.Concat(at, operands);
    }

    private Expression product() {
        Expression left = power();
        while (tokens.peek().kind() == Kind.OPERATOR
                && PRODUCTS.contains(tokens.peek().text())) {
            Token operator = tokens.take();
            left = new Expression.Binary(operator.at(), operator.text(), left, power());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (tokens.peek().isOperator("**")) {
            Token operator = tokens.take();
            left = new Expression.Binary(operator.at(), "**", left, unary(true));
        }
        return left;
    }

    private Expression unary(boolean filtered) {
        Token first = tokens.peek();
        Expression value;
        if (tokens.skipOperator("-") || tokens.skipOperator("+")) {
            tokens.enter();
            value = new Expression.Unary(first.at(), first.text(), unary(false));
            tokens.leave();
        } else {
            value = primary();
        }
        value = postfix.of(value);
        return filtered ? postfix.filters(value) : value;
    }

    Expression primary() {
        Token token = tokens.take();
        return switch (token.kind()) {
            case NAME -> {
                Value constant = CONSTANTS.get(token.text());
                if (constant != null) {
                    yield new Expression.Literal(token.at(), constant);
                }
                names.add(token.text());
                yield new Expression.Name(token.at(), token.text());
            }
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (tokens.peek().kind() == Kind.STRING) {
                    text.append(tokens.take().text());
                }
                yield new Expression.Literal(token.at(), Value.of(text.toString()));
            }
            case INTEGER -> new Expression.Literal(token.at(), new Value.Int(integer(token.text())));
            case FLOAT -> new Expression.Literal(token.at(), new Value.Real(Double.parseDouble(token.text())));
            case OPERATOR -> bracketed(token);
            default -> throw notAnExpression(token);
        };
    }

    private TemplateException notAnExpression(Token token) {
        return tokens.error(token, "expected an expression, found " + token.title() + "; correct the template");
    }

    static BigInteger integer(String text) {
        int radix = text.length() > 2 ? NumberLexer.radix(text.charAt(1)) : 0;
        return radix == 0 ? new BigInteger(text) : new BigInteger(text.substring(2), radix);
    }

    private Expression bracketed(Token token) {
        tokens.enter();
        Expression value = switch (token.text()) {
            case "(" -> {
                Expression inner = tuple(this::expression, "", true);
                tokens.expectOperator(")");
                yield inner;
            }
            case "[" -> new Expression.ListOf(token.at(), list());
            case "{" -> dict(token);
            default -> throw notAnExpression(token);
        };
        tokens.leave();
        return value;
    }

    private List<Expression> list() {
        List<Expression> items = new ArrayList<>();
        while (!tokens.skipOperator("]")) {
            if (!items.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.skipOperator("]")) {
                    break;
                }
            }
            items.add(expression());
        }
        return items;
    }

    private Expression dict(Token open) {
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!tokens.skipOperator("}")) {
            if (!keys.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.skipOperator("}")) {
                    break;
                }
            }
            keys.add(expression());
            tokens.expectOperator(":");
            values.add(expression());
        }
        return new Expression.DictOf(open.at(), keys, values);
    }

    /** {@code | filter | filter …} behind {@code value}. */
    Expression filterChain(Expression value) {
        return postfix.filterChain(value);
    }

    /** The filter whose name comes next, of {@code value}. */
    Expression filter(Expression value) {
        return postfix.filter(value);
    }
}
