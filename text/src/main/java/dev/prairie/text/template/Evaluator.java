package dev.prairie.text.template;

import dev.prairie.text.template.Expression.Comparand;
import dev.prairie.text.template.Expression.NamedArgument;
import dev.prairie.text.template.Expression.Passed;
import dev.prairie.text.template.Value.Sequence;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Computes expressions. */
final class Evaluator {
    private final Environment environment;
    private final Access access;
    private final Numbers numbers;
    private final Comparison comparison;
    private final Printer printer;
    private final Tests tests;

    Evaluator(Environment environment) {
        this.environment = environment;
        this.access = new Access(environment);
        this.numbers = new Numbers(environment);
        this.comparison = new Comparison(environment);
        this.printer = new Printer(environment);
        this.tests = new Tests(environment);
    }

    Value evaluate(Expression expression, Scope scope) {
        environment.step();
        return switch (expression) {
            case Expression.Literal literal -> literal.value();
            case Expression.Name name -> scope.get(environment, name.name());
            default -> {
                environment.enter();
                Value value = compound(expression, scope);
                environment.leave();
                yield value;
            }
        };
    }

    private Value compound(Expression expression, Scope scope) {
        environment.at(expression.at());
        return switch (expression) {
            case Expression.Literal literal -> literal.value();
            case Expression.Name name -> scope.get(environment, name.name());
            case Expression.ListOf list -> Value.list(all(list.items(), scope));
            case Expression.TupleOf tuple -> new Sequence(Sequence.Kind.TUPLE, all(tuple.items(), scope));
            case Expression.DictOf dict -> dict(dict, scope);
            case Expression.Attribute attribute -> {
                Value target = evaluate(attribute.target(), scope);
                environment.at(attribute.at());
                yield access.attribute(target, attribute.name());
            }
            case Expression.Item item -> {
                Value target = evaluate(item.target(), scope);
                Value key = evaluate(item.key(), scope);
                environment.at(item.at());
                yield access.item(target, key);
            }
            case Expression.Slice slice -> slice(slice, scope);
            case Expression.Call call -> call(call, scope, Optional.empty());
            case Expression.Filter filter -> {
                Value target = evaluate(filter.target(), scope);
                Arguments arguments = arguments(filter.name(), filter.passed(), scope);
                environment.at(filter.at());
                yield Filters.apply(environment, filter.name(), target, arguments);
            }
            case Expression.Test test -> {
                Value target = evaluate(test.target(), scope);
                Arguments arguments = arguments(test.name(), test.passed(), scope);
                environment.at(test.at());
                yield Value.of(tests.test(test.name(), target, arguments));
            }
            case Expression.Unary unary -> {
                Value operand = evaluate(unary.operand(), scope);
                environment.at(unary.at());
                yield unary.operator().equals("-") ? numbers.negate(operand) : numbers.plus(operand);
            }
            case Expression.Binary binary -> {
                Value left = evaluate(binary.left(), scope);
                Value right = evaluate(binary.right(), scope);
                environment.at(binary.at());
                yield numbers.binary(binary.operator(), left, right);
            }
            case Expression.Compare compare -> Value.of(compare(compare, scope));
            case Expression.And and -> shortCircuit(and.operands(), scope, false);
            case Expression.Or or -> shortCircuit(or.operands(), scope, true);
            case Expression.Not not -> Value.of(!Types.truth(evaluate(not.operand(), scope)));
            case Expression.Concat concat -> {
                StringBuilder text = new StringBuilder();
                for (Value value : all(concat.operands(), scope)) {
                    String part = printer.print(value);
                    environment.text(part.length());
                    text.append(part);
                }
                yield Value.of(text.toString());
            }
            case Expression.Conditional conditional -> {
                if (Types.truth(evaluate(conditional.condition(), scope))) {
                    yield evaluate(conditional.then(), scope);
                }
                yield conditional.otherwise().isPresent()
                        ? evaluate(conditional.otherwise().get(), scope)
                        : Types.undefined("the value of an 'if' without 'else'");
            }
        };
    }

    private List<Value> all(List<Expression> expressions, Scope scope) {
        List<Value> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(evaluate(expression, scope));
        }
        return values;
    }

    private Value dict(Expression.DictOf expression, Scope scope) {
        Value.Dict dict = Dicts.empty();
        for (int i = 0; i < expression.keys().size(); i++) {
            Value key = evaluate(expression.keys().get(i), scope);
            Value value = evaluate(expression.values().get(i), scope);
            environment.at(expression.at());
            Dicts.put(environment, dict, key, value);
        }
        return dict;
    }

    private Value slice(Expression.Slice slice, Scope scope) {
        Value target = evaluate(slice.target(), scope);
        Value from = bound(slice.from(), scope);
        Value to = bound(slice.to(), scope);
        Value step = bound(slice.step(), scope);
        environment.at(slice.at());
        return access.slice(target, from, to, step);
    }

    private Value bound(Optional<Expression> bound, Scope scope) {
        return bound.isPresent() ? evaluate(bound.get(), scope) : Value.NONE;
    }

    /** Calls what is called; {@code caller} is given to it beside its arguments. */
    Value call(Expression.Call call, Scope scope, Optional<Value> caller) {
        Value callee = evaluate(call.target(), scope);
        Arguments arguments = arguments(callee instanceof Value.Function f ? f.name() : "the call", call.passed(), scope, caller);
        environment.at(call.at());
        return access.call(callee, arguments);
    }

    private Arguments arguments(String callee, Passed passed, Scope scope) {
        return arguments(callee, passed, scope, Optional.empty());
    }

    private Arguments arguments(String callee, Passed passed, Scope scope, Optional<Value> caller) {
        if (passed == Passed.NOTHING && caller.isEmpty()) {
            return new Arguments(environment, callee, List.of(), Map.of());
        }
        List<Value> positional = all(passed.positional(), scope);
        if (passed.list().isPresent()) {
            positional.addAll(Types.elements(environment, evaluate(passed.list().get(), scope)));
        }
        Map<String, Value> named = new LinkedHashMap<>();
        for (NamedArgument argument : passed.named()) {
            named.put(argument.name(), evaluate(argument.value(), scope));
        }
        if (passed.dict().isPresent()) {
            Value.Dict dict = Dicts.empty();
            Globals.addAll(environment, dict, evaluate(passed.dict().get(), scope));
            dict.entries().values().forEach(entry -> named.put(printer.print(entry.key()), entry.value()));
        }
        caller.ifPresent(value -> named.put("caller", value));
        return new Arguments(environment, callee, positional, named);
    }

    private boolean compare(Expression.Compare compare, Scope scope) {
        Value left = evaluate(compare.first(), scope);
        for (Comparand comparand : compare.rest()) {
            Value right = evaluate(comparand.operand(), scope);
            environment.at(compare.at());
            boolean holds =
                    switch (comparand.operator()) {
                        case "==" -> comparison.equal(left, right);
                        case "!=" -> !comparison.equal(left, right);
                        case "<" -> comparison.compare(left, right) < 0;
                        case "<=" -> comparison.compare(left, right) <= 0;
                        case ">" -> comparison.compare(left, right) > 0;
                        case ">=" -> comparison.compare(left, right) >= 0;
                        case "in" -> comparison.in(left, right);
                        default -> !comparison.in(left, right);
                    };
            if (!holds) {
                return false;
            }
            left = right;
        }
        return true;
    }

    /** The first operand whose truth settles the matter, or the last. */
    private Value shortCircuit(List<Expression> operands, Scope scope, boolean settles) {
        Value value = evaluate(operands.getFirst(), scope);
        for (Expression operand : operands.subList(1, operands.size())) {
            if (Types.truth(value) == settles) {
                return value;
            }
            value = evaluate(operand, scope);
        }
        return value;
    }
}
