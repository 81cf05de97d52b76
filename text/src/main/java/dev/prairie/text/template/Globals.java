package dev.prairie.text.template;

import dev.prairie.text.template.Value.Sequence;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * The functions that every template may call: Jinja's own, and {@code raise_exception} and {@code strftime_now}, which
 * Hugging Face's {@code apply_chat_template} adds.
 */
final class Globals {
    /** Jinja's sandbox allows no longer range. */
    private static final long LONGEST_RANGE = 100_000;

    private Globals() {}

    static Map<String, Value> all() {
        Map<String, Value> globals = new LinkedHashMap<>();
        define(globals, "range", Globals::range);
        define(globals, "dict", Globals::dict);
        define(globals, "namespace", Globals::namespace);
        define(globals, "cycler", Globals::cycler);
        define(globals, "joiner", Globals::joiner);
        define(globals, "raise_exception", arguments -> {
            String message = new Printer(arguments.environment()).print(arguments.required("message"));
            return arguments.environment()
                    .fail("the template refuses this: " + message + "; change the messages accordingly");
        });
        define(globals, "strftime_now", arguments -> {
            String format = arguments.requiredString("format");
            arguments.end();
            Environment environment = arguments.environment();
            return environment.made(Strftime.format(environment, format, ZonedDateTime.now(environment.clock())));
        });
        return globals;
    }

    private static void define(Map<String, Value> globals, String name, Value.Function.Body body) {
        globals.put(name, Value.function(name, body));
    }

    private static Value range(Arguments arguments) {
        Environment environment = arguments.environment();
        long first = Types.index(environment, arguments.required("start"), "range");
        Optional<Value> second = arguments.next("stop");
        long step = arguments.integer("step", 1);
        arguments.end();
        if (step == 0) {
            throw environment.error("range: the step is 0; give another");
        }
        long start = second.isPresent() ? first : 0;
        long stop = second.map(value -> (long) Types.index(environment, value, "range")).orElse(first);
        long count = step > 0
                ? Math.max(0, (stop - start + step - 1) / step)
                : Math.max(0, (start - stop - step - 1) / -step);
        if (count > LONGEST_RANGE) {
            throw environment.error("range: " + count + " numbers are more than " + LONGEST_RANGE + "; use fewer");
        }
        environment.step(count);
        List<Value> numbers = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            numbers.add(Value.of(start + i * step));
        }
        return new Sequence(Sequence.Kind.RANGE, numbers);
    }

    private static Value dict(Arguments arguments) {
        Environment environment = arguments.environment();
        Value.Dict dict = Dicts.empty();
        arguments.next("mapping").ifPresent(given -> addAll(environment, dict, given));
        arguments.restNamed().forEach((key, value) -> Dicts.put(environment, dict, Value.of(key), value));
        arguments.end();
        return dict;
    }

    /** Adds the entries of a dict, or pairs of keys and values. */
    static void addAll(Environment environment, Value.Dict dict, Value given) {
        if (given instanceof Value.Dict other) {
            for (Value.Dict.Entry entry : List.copyOf(other.entries().values())) {
                Dicts.put(environment, dict, entry.key(), entry.value());
            }
            return;
        }
        for (Value pair : Types.elements(environment, given)) {
            List<Value> both = Types.elements(environment, pair);
            if (both.size() != 2) {
                throw environment.error("a dict is made of pairs, not of " + both.size() + " values; give two each");
            }
            Dicts.put(environment, dict, both.get(0), both.get(1));
        }
    }

    private static Value namespace(Arguments arguments) {
        Environment environment = arguments.environment();
        Map<String, Value> attributes = new LinkedHashMap<>();
        arguments.next("mapping").ifPresent(given -> {
            Value.Dict dict = Dicts.empty();
            addAll(environment, dict, given);
            dict.entries().values().forEach(entry -> attributes.put(new Printer(environment).print(entry.key()), entry.value()));
        });
        attributes.putAll(arguments.restNamed());
        arguments.end();
        return new Value.Namespace(attributes);
    }

    private static Value cycler(Arguments arguments) {
        List<Value> items = arguments.rest();
        arguments.end();
        if (items.isEmpty()) {
            throw arguments.environment().error("cycler: nothing to cycle through; give it values");
        }
        AtomicInteger at = new AtomicInteger();
        Map<String, Supplier<Value>> attributes = new LinkedHashMap<>();
        attributes.put("current", () -> items.get(at.get()));
        attributes.put("next", () -> Value.function("next", call -> items.get(at.getAndUpdate(i -> (i + 1) % items.size()))));
        attributes.put("reset", () -> Value.function("reset", call -> {
            at.set(0);
            return Value.NONE;
        }));
        return new Value.Native("a cycler", attributes, Optional.empty());
    }

    private static Value joiner(Arguments arguments) {
        Value separator = arguments.next("sep").orElse(Value.of(", "));
        arguments.end();
        AtomicInteger calls = new AtomicInteger();
        return Value.function("joiner", call -> calls.getAndIncrement() == 0 ? Value.of("") : separator);
    }
}
