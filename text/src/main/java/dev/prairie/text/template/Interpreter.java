package dev.prairie.text.template;

import dev.prairie.text.template.Statement.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Carries out statements. */
final class Interpreter {
    /** How a list of statements ended. */
    private enum Flow {
        ON,
        BREAK,
        CONTINUE
    }

    private final Environment environment;
    private final Evaluator evaluator;
    private final Printer printer;

    Interpreter(Environment environment) {
        this.environment = environment;
        this.evaluator = new Evaluator(environment);
        this.printer = new Printer(environment);
    }

    String render(List<Statement> statements, Scope scope) {
        StringBuilder out = new StringBuilder();
        run(statements, scope, out);
        return out.toString();
    }

    private Flow run(List<Statement> statements, Scope scope, StringBuilder out) {
        environment.enter();
        Flow flow = Flow.ON;
        for (int i = 0; i < statements.size() && flow == Flow.ON; i++) {
            environment.step();
            flow = run(statements.get(i), scope, out);
        }
        environment.leave();
        return flow;
    }

    private Flow run(Statement statement, Scope scope, StringBuilder out) {
        switch (statement) {
            case Statement.Text text -> write(text.text(), out);
            case Statement.Print print -> write(printer.print(evaluator.evaluate(print.value(), scope)), out);
            case Statement.If branch -> {
                boolean holds = Types.truth(evaluator.evaluate(branch.condition(), scope));
                return run(holds ? branch.then() : branch.otherwise(), scope, out);
            }
            case Statement.For loop -> {
                Value iterable = evaluator.evaluate(loop.iterable(), scope);
                loop(loop, iterable, scope, 0, out);
            }
            case Statement.Set set -> assign(set.target(), evaluator.evaluate(set.value(), scope), scope);
            case Statement.SetBlock set -> assign(set.target(), captured(set.value(), set.body(), scope), scope);
            case Statement.FilterBlock block -> write(printer.print(captured(block.value(), block.body(), scope)), out);
            case Statement.Macro macro -> scope.set(macro.name(), function(macro, scope));
            case Statement.CallBlock block -> {
                Value caller = function(block.caller(), scope);
                write(printer.print(evaluator.call(block.call(), scope, Optional.of(caller))), out);
            }
            case Statement.Scoped scoped -> {
                Scope inner = scope.inner();
                for (int i = 0; i < scoped.targets().size(); i++) {
                    assign(scoped.targets().get(i), evaluator.evaluate(scoped.values().get(i), scope), inner);
                }
                return run(scoped.body(), inner, out);
            }
            case Statement.Break end -> {
                return Flow.BREAK;
            }
            case Statement.Continue next -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.ON;
    }

    private void write(String text, StringBuilder out) {
        environment.written(out, text.length());
        out.append(text);
    }

    private Value captured(Expression value, List<Statement> body, Scope scope) {
        StringBuilder text = new StringBuilder();
        Scope inner = scope.inner();
        run(body, inner, text);
        inner.set(Statement.CAPTURED, Value.of(text.toString()));
        return evaluator.evaluate(value, inner);
    }

    private void assign(Expression target, Value value, Scope scope) {
        environment.at(target.at());
        switch (target) {
            case Expression.Name name -> scope.set(name.name(), value);
            case Expression.TupleOf tuple -> unpack(tuple.items(), value, scope);
            case Expression.ListOf list -> unpack(list.items(), value, scope);
            case Expression.Attribute attribute -> {
                Value owner = evaluator.evaluate(attribute.target(), scope);
                environment.at(target.at());
                if (!(owner instanceof Value.Namespace namespace)) {
                    throw environment.error("cannot set '" + attribute.name() + "' of " + Types.name(owner)
                            + "; only attributes of a namespace can be set");
                }
                namespace.attributes().put(attribute.name(), value);
            }
            default -> throw environment.error("this cannot be assigned to; name a variable");
        }
    }

    private void unpack(List<Expression> targets, Value value, Scope scope) {
        List<Value> values = Types.elements(environment, value);
        if (value instanceof Value.Undefined || values.size() != targets.size()) {
            throw environment.error(
                    targets.size() + " names for " + values.size() + " values; give as many of both");
        }
        for (int i = 0; i < targets.size(); i++) {
            assign(targets.get(i), values.get(i), scope);
        }
    }

    private void loop(Statement.For loop, Value iterable, Scope scope, int depth, StringBuilder out) {
        environment.at(loop.at());
        List<Value> items = Types.elements(environment, iterable);
        if (loop.filter().isPresent()) {
            List<Value> kept = new ArrayList<>();
            for (Value item : items) {
                Scope inner = scope.inner();
                assign(loop.target(), item, inner);
                if (Types.truth(evaluator.evaluate(loop.filter().get(), inner))) {
                    kept.add(item);
                }
            }
            items = kept;
        }
        if (items.isEmpty()) {
            run(loop.otherwise(), scope.inner(), out);
            return;
        }
        Optional<Value.Function> again = loop.recursive()
                ? Optional.of(new Value.Function("loop", arguments -> again(loop, scope, depth, arguments)))
                : Optional.empty();
        Loop state = new Loop(items, depth, environment, again);
        do {
            Scope inner = scope.inner();
            inner.set("loop", state.value());
            assign(loop.target(), state.item(), inner);
            if (run(loop.body(), inner, out) == Flow.BREAK) {
                return;
            }
        } while (state.next());
    }

    private Value again(Statement.For loop, Scope scope, int depth, Arguments arguments) {
        Value iterable = arguments.required("iterable");
        arguments.end();
        environment.enter();
        StringBuilder text = new StringBuilder();
        loop(loop, iterable, scope, depth + 1, text);
        environment.leave();
        return Value.of(text.toString());
    }

    /** A macro as a function: its body sees the names where it was defined. */
    private Value function(Statement.Macro macro, Scope scope) {
        return Value.function(macro.name(), arguments -> {
            environment.enter();
            Scope inner = scope.inner();
            Map<String, Value> given = new LinkedHashMap<>();
            for (Parameter parameter : macro.parameters()) {
                arguments.next(parameter.name()).ifPresent(value -> given.put(parameter.name(), value));
            }
            for (Parameter parameter : macro.parameters()) {
                Value value = given.get(parameter.name());
                if (value == null) {
                    value = parameter.otherwise().isPresent()
                            ? evaluator.evaluate(parameter.otherwise().get(), inner)
                            : Types.undefined("the argument '" + parameter.name() + "' of " + macro.name());
                }
                inner.set(parameter.name(), value);
            }
            arguments.named("caller").ifPresent(caller -> inner.set("caller", caller));
            if (macro.takesMore()) {
                inner.set("varargs", new Value.Sequence(Value.Sequence.Kind.TUPLE, arguments.rest()));
            }
            if (macro.takesMoreNamed()) {
                inner.set("kwargs", Dicts.of(arguments.restNamed()));
            }
            arguments.end();
            StringBuilder text = new StringBuilder();
            run(macro.body(), inner, text);
            environment.leave();
            return Value.of(text.toString());
        });
    }
}
