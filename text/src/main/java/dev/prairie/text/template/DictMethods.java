package dev.prairie.text.template;

import dev.prairie.text.template.Value.Dict;
import dev.prairie.text.template.Value.Sequence;
import java.util.Set;

/** The methods of Python's dicts. What they change is the rendering's own copy of the data. */
final class DictMethods {
    static final Set<String> NAMES =
            Set.of("get", "items", "keys", "values", "copy", "update", "setdefault", "pop", "clear");

    private DictMethods() {}

    static Value call(Environment environment, Dict dict, String name, Arguments arguments) {
        Value result =
                switch (name) {
                    case "get" -> {
                        Value key = arguments.required("key");
                        Value otherwise = arguments.next("default").orElse(Value.NONE);
                        yield Dicts.get(environment, dict, key).orElse(otherwise);
                    }
                    case "items" -> new Sequence(Sequence.Kind.ITEMS, Dicts.items(environment, dict));
                    case "keys" -> new Sequence(Sequence.Kind.KEYS, Dicts.keys(environment, dict));
                    case "values" -> new Sequence(Sequence.Kind.VALUES, Dicts.values(environment, dict));
                    case "copy" -> {
                        Dict copy = Dicts.empty();
                        environment.step(dict.entries().size());
                        copy.entries().putAll(dict.entries());
                        yield copy;
                    }
                    case "update" -> {
                        arguments.next("other").ifPresent(other -> Globals.addAll(environment, dict, other));
                        arguments.restNamed()
                                .forEach((key, value) -> Dicts.put(environment, dict, Value.of(key), value));
                        yield Value.NONE;
                    }
                    case "setdefault" -> {
                        Value key = arguments.required("key");
                        Value otherwise = arguments.next("default").orElse(Value.NONE);
                        if (!Dicts.contains(environment, dict, key)) {
                            Dicts.put(environment, dict, key, otherwise);
                        }
                        yield Dicts.get(environment, dict, key).orElse(otherwise);
                    }
                    case "pop" -> {
                        Value key = arguments.required("key");
                        Value otherwise = arguments.next("default").orElse(Types.undefined("the key to pop"));
                        yield Dicts.remove(environment, dict, key).orElse(otherwise);
                    }
                    default -> { // clear
                        dict.entries().clear();
                        yield Value.NONE;
                    }
                };
        arguments.end();
        return result;
    }
}
