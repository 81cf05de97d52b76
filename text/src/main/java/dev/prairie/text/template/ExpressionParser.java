package dev.prairie.text.template;

import dev.prairie.text.template.Expression.Comparand;
import dev.prairie.text.template.Expression.NamedArgument;
import dev.prairie.text.template.Expression.Passed;
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

    /** Every name read so far, by which a macro tells whether it asks for further arguments. */
    private Set<String> names = new HashSet<>();

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
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
            if (tokens.peek().kind() == Kind.OPERATOR && COMPARISONS.contains(tokens.peek().text())) {
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
        while (tokens.peek().kind() == Kind.OPERATOR && PRODUCTS.contains(tokens.peek().text())) {
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
        value = postfix(value);
        return filtered ? filters(value) : value;
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
            case FLOAT -> new Expression.Literal(token.at(), new Value.Float(Double.parseDouble(token.text())));
            case OPERATOR -> bracketed(token);
            default -> throw notAnExpression(token);
        };
    }

    private TemplateException notAnExpression(Token token) {
        return tokens.error(token, "expected an expression, found " + token.title() + "; correct the template");
    }

    private static BigInteger integer(String text) {
        int radix = text.length() > 2 ? NumberLexer.radix(text.charAt(1)) : 0;
        return radix == 0 ? new BigInteger(text) : new BigInteger(text.substring(2), radix);
    }

    private Expression bracketed(Token token) {
        tokens.enter();
        Expression value =
                switch (token.text()) {
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

    private Expression postfix(Expression start) {
        Expression value = start;
        while (true) {
            Token token = tokens.peek();
            if (tokens.skipOperator(".")) {
                Token name = tokens.take();
                value = switch (name.kind()) {
                    case NAME -> new Expression.Attribute(token.at(), value, name.text());
                    case INTEGER ->
                        new Expression.Item(
                                token.at(), value, new Expression.Literal(name.at(), new Value.Int(integer(name.text()))));
                    default -> throw tokens.error(name, "expected a name after '.', found " + name.title()
                            + "; correct the template");
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
            Expression key = tokens.peek().isOperator("]")
                    ? new Expression.TupleOf(open.at(), List.of())
                    : subscriptKey();
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
        Expression first = expression();
        if (!tokens.peek().isOperator(",")) {
            return first;
        }
        List<Expression> keys = new ArrayList<>(List.of(first));
        while (tokens.skipOperator(",")) {
            keys.add(expression());
        }
        return new Expression.TupleOf(at, keys);
    }

    private Optional<Expression> sliceBound() {
        return tokens.peek().isOperator(":") || tokens.peek().isOperator("]")
                ? Optional.empty()
                : Optional.of(expression());
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
                list = Optional.of(expression());
            } else if (tokens.skipOperator("**")) {
                dict = Optional.of(expression());
            } else if (tokens.peek().kind() == Kind.NAME && tokens.peekAfter().isOperator("=")) {
                String name = tokens.take().text();
                tokens.take();
                named.add(new NamedArgument(name, expression()));
            } else if (!named.isEmpty() || dict.isPresent()) {
                throw tokens.unexpected("an argument with a name, as the one before has one");
            } else {
                positional.add(expression());
            }
        }
        return new Passed(positional, named, list, dict);
    }

    /** Filters, tests and further calls behind a value. */
    private Expression filters(Expression start) {
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
        return new Expression.Filter(
                name.at(), value, full, tokens.peek().isOperator("(") ? passed() : Passed.NOTHING);
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
            Expression argument = postfix(primary());
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
