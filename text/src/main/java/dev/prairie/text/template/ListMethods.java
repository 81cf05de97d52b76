package dev.prairie.text.template;

import dev.prairie.text.template.Value.Sequence;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/** The methods of Python's lists and tuples. What they change is the rendering's own copy of the data. */
final class ListMethods {
    private static final Set<String> NAMES =
            Set.of("append", "extend", "insert", "pop", "remove", "reverse", "clear", "copy", "index", "count");

    private ListMethods() {}

    static boolean has(Sequence sequence, String name) {
        return switch (sequence.kind()) {
            case LIST -> NAMES.contains(name);
            case TUPLE -> name.equals("index") || name.equals("count");
            default -> false;
        };
    }

    static Value call(Environment environment, Sequence sequence, String name, Arguments arguments) {
        List<Value> items = sequence.items();
        environment.step();
        Value result =
                switch (name) {
                    case "append" -> {
                        items.add(arguments.required("object"));
                        yield Value.NONE;
                    }
                    case "extend" -> {
                        items.addAll(Types.elements(environment, arguments.required("iterable")));
                        yield Value.NONE;
                    }
                    case "insert" -> {
                        int at = arguments.integer("index", 0);
                        environment.step(items.size() >> 4);
                        items.add(Math.clamp(at < 0 ? (long) at + items.size() : at, 0, items.size()), arguments.required("object"));
                        yield Value.NONE;
                    }
                    case "pop" -> pop(environment, items, arguments.integer("index", -1));
                    case "remove" -> {
                        items.remove(find(environment, items, arguments.required("value")));
                        yield Value.NONE;
                    }
                    case "reverse" -> {
                        environment.step(items.size());
                        Collections.reverse(items);
                        yield Value.NONE;
                    }
                    case "clear" -> {
                        items.clear();
                        yield Value.NONE;
                    }
                    case "copy" -> Value.list(Types.elements(environment, sequence));
                    case "index" -> Value.of(find(environment, items, arguments.required("value")));
                    default -> { // count
                        Comparison comparison = new Comparison(environment);
                        Value wanted = arguments.required("value");
                        yield Value.of(Types.elements(environment, sequence).stream()
                                .filter(item -> comparison.equal(item, wanted))
                                .count());
                    }
                };
        arguments.end();
        return result;
    }

    private static Value pop(Environment environment, List<Value> items, int index) {
        int at = index < 0 ? index + items.size() : index;
        environment.step(items.size() >> 4);
        return at >= 0 && at < items.size()
                ? items.remove(at)
                : environment.fail("pop: no element " + index + " in a list of " + items.size() + "; test its length");
    }

    private static int find(Environment environment, List<Value> items, Value wanted) {
        Comparison comparison = new Comparison(environment);
        for (int i = 0; i < items.size(); i++) {
            if (comparison.equal(items.get(i), wanted)) {
                return i;
            }
        }
        throw environment.error("the list has no such element; test with 'in' before");
    }
}
