package dev.prairie.text.template;

import dev.prairie.text.template.Value.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * {@code value.name}, {@code value[key]} and {@code value[from:to:step]}. As in Jinja, a dot asks for a method first and
 * then for a key, brackets the other way round, and what is not there is undefined.
 */
final class Access {
    private final Environment environment;

    Access(Environment environment) {
        this.environment = environment;
    }

    Value attribute(Value value, String name) {
        refuseUndefined(value, name);
        return attributeOf(value, name)
                .or(() -> value instanceof Value.Dict dict ? Dicts.get(environment, dict, Value.of(name)) : Optional.empty())
                .orElseGet(() -> missing(value, name));
    }

    Value item(Value value, Value key) {
        refuseUndefined(value, new Printer(environment).print(key));
        Optional<Value> found =
                switch (value) {
                    case Value.Dict dict when hashable(key) -> Dicts.get(environment, dict, key);
                    case Sequence sequence when sequence.kind().indexed() && isIndex(key) ->
                        at(sequence.items(), Types.index(environment, key, "an index"));
                    case Value.Str str when isIndex(key) ->
                        character(str.text(), Types.index(environment, key, "an index"));
                    default -> Optional.empty();
                };
        if (found.isEmpty() && key instanceof Value.Str name) {
            found = attributeOf(value, name.text());
        }
        return found.orElseGet(() -> missing(value, new Printer(environment).print(key)));
    }

    private void refuseUndefined(Value value, String name) {
        if (value instanceof Value.Undefined undefined) {
            throw environment.error(undefined.what() + " is undefined, it has no '" + name
                    + "'; give the template what it asks for, or test it with 'is defined'");
        }
    }

    private static Value missing(Value value, String name) {
        return Types.undefined("'" + name + "' of " + Types.name(value));
    }

    private static boolean isIndex(Value key) {
        return key instanceof Value.Int || key instanceof Value.Bool;
    }

    private static boolean hashable(Value key) {
        return !(key instanceof Value.Dict)
                && !(key instanceof Sequence sequence && sequence.kind() != Sequence.Kind.TUPLE)
                && !(key instanceof Value.Namespace)
                && !(key instanceof Value.Function)
                && !(key instanceof Value.Native);
    }

    private static Optional<Value> at(List<Value> items, int index) {
        int at = index < 0 ? index + items.size() : index;
        return at >= 0 && at < items.size() ? Optional.of(items.get(at)) : Optional.empty();
    }

    private static Optional<Value> character(String text, int index) {
        int length = Text.length(text);
        int at = index < 0 ? index + length : index;
        return at >= 0 && at < length ? Optional.of(Value.of(Text.slice(text, at, at + 1))) : Optional.empty();
    }

    private Optional<Value> attributeOf(Value value, String name) {
        return switch (value) {
            case Value.Str str when StringMethods.NAMES.contains(name) ->
                method(name, arguments -> StringMethods.call(environment, str.text(), name, arguments));
            case Value.Dict dict when DictMethods.NAMES.contains(name) ->
                method(name, arguments -> DictMethods.call(environment, dict, name, arguments));
            case Sequence sequence when ListMethods.has(sequence, name) ->
                method(name, arguments -> ListMethods.call(environment, sequence, name, arguments));
            case Value.Float number when name.equals("is_integer") ->
                method(name, arguments -> Value.of(number.value() == Math.rint(number.value())));
            case Value.Namespace namespace -> Optional.ofNullable(namespace.attributes().get(name));
            case Value.Native object ->
                Optional.ofNullable(object.attributes().get(name)).map(Supplier::get);
            default -> Optional.empty();
        };
    }

    private static Optional<Value> method(String name, Value.Function.Body body) {
        return Optional.of(Value.function(name, body));
    }

    /** Python's slices; what is none is left out. */
    Value slice(Value value, Value from, Value to, Value by) {
        int step = by instanceof Value.None ? 1 : Types.index(environment, by, "the step of a slice");
        if (step == 0) {
            throw environment.error("the step of a slice is 0; give another");
        }
        if (value instanceof Value.Undefined) {
            refuseUndefined(value, "[:]");
        }
        if (!(value instanceof Value.Str) && !(value instanceof Sequence)) {
            return missing(value, "[:]");
        }
        int length = Types.length(environment, value);
        int start = bound(from, length, step, step > 0 ? 0 : length - 1);
        int end = bound(to, length, step, step > 0 ? length : -1);
        if (value instanceof Value.Str str && step == 1) {
            return environment.made(Text.slice(str.text(), start, end));
        }
        List<Value> all = Types.elements(environment, value);
        List<Value> chosen = new ArrayList<>();
        for (long i = start; step > 0 ? i < end : i > end; i += step) {
            environment.step();
            chosen.add(all.get((int) i));
        }
        if (value instanceof Sequence sequence) {
            return new Sequence(sequence.kind(), chosen);
        }
        StringBuilder text = new StringBuilder();
        chosen.forEach(c -> text.append(new Printer(environment).print(c)));
        return environment.made(text.toString());
    }

    private int bound(Value bound, int length, int step, int otherwise) {
        if (bound instanceof Value.None) {
            return otherwise;
        }
        long at = Types.index(environment, bound, "a bound of a slice");
        at = at < 0 ? at + length : at;
        return step > 0 ? Math.clamp(at, 0, length) : Math.clamp(at, -1, length - 1);
    }

    Value call(Value callee, Arguments arguments) {
        return switch (callee) {
            case Value.Function function -> function.body().call(arguments);
            case Value.Native object when object.function().isPresent() ->
                object.function().get().body().call(arguments);
            case Value.Undefined undefined ->
                environment.fail(undefined.what() + " is undefined and cannot be called; the template needs a"
                        + " function that is not offered here");
            default -> environment.fail(Types.name(callee) + " cannot be called; leave out the parentheses");
        };
    }
}
