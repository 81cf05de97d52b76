package dev.prairie.text.template;

import dev.prairie.text.template.Value.Dict;
import dev.prairie.text.template.Value.Sequence;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/** The filters over lists, dicts and what else can be iterated. */
final class SequenceFilters {
    private final Environment environment;
    private final Arguments arguments;
    private final Comparison comparison;

    SequenceFilters(Environment environment, Arguments arguments) {
        this.environment = environment;
        this.arguments = arguments;
        this.comparison = new Comparison(environment);
    }

    Value apply(String name, Value value) {
        return switch (name) {
            case "length", "count" -> Value.of(Types.length(environment, value));
            case "first" -> elements(value).stream().findFirst().orElse(Types.undefined("the first of nothing"));
            case "last" -> {
                List<Value> items = elements(value);
                yield items.isEmpty() ? Types.undefined("the last of nothing") : items.getLast();
            }
            case "list" -> Value.list(elements(value));
            case "items" -> items(value);
            case "reverse" -> reverse(value);
            case "join" -> join(value);
            case "sum" -> sum(value);
            case "min", "max" -> extreme(value, name.equals("min"));
            case "sort" -> sort(value);
            case "dictsort" -> dictsort(value);
            case "unique" -> unique(value);
            case "groupby" -> groupby(value);
            case "map" -> map(value);
            case "select", "reject" -> choose(value, false, name.equals("select"));
            case "selectattr", "rejectattr" -> choose(value, true, name.equals("selectattr"));
            case "batch" -> batch(value);
            default -> slice(value);
        };
    }

    private List<Value> elements(Value value) {
        return Types.elements(environment, value);
    }

    /** As Jinja's map and select do: what is false, such as none, has no elements. */
    private List<Value> elementsOrNone(Value value) {
        return Types.truth(value) ? elements(value) : List.of();
    }

    private static Value generator(List<Value> items) {
        return new Sequence(Sequence.Kind.GENERATOR, items);
    }

    private Value items(Value value) {
        return switch (value) {
            case Dict dict -> generator(Dicts.items(environment, dict));
            case Value.Undefined undefined -> generator(List.of());
            default -> environment.fail("items takes a dict, not " + Types.name(value) + "; test with 'is mapping'");
        };
    }

    private Value reverse(Value value) {
        if (value instanceof Value.Str str) {
            return environment.made(new StringBuilder(str.text()).reverse().toString());
        }
        return generator(elements(value).reversed());
    }

    private Value join(Value value) {
        Printer printer = new Printer(environment);
        String separator = printer.print(arguments.next("d").orElse(Value.of("")));
        UnaryOperator<Value> attribute = attribute(arguments.next("attribute"), Optional.empty());
        StringBuilder joined = new StringBuilder();
        String before = "";
        for (Value item : elements(value)) {
            String text = printer.print(attribute.apply(item));
            environment.text((long) before.length() + text.length());
            joined.append(before).append(text);
            before = separator;
        }
        return Value.of(joined.toString());
    }

    private Value sum(Value value) {
        UnaryOperator<Value> attribute = attribute(arguments.next("attribute"), Optional.empty());
        Value sum = arguments.next("start").orElse(Value.of(0));
        Numbers numbers = new Numbers(environment);
        for (Value item : elements(value)) {
            sum = numbers.binary("+", sum, attribute.apply(item));
        }
        return sum;
    }

    private Value extreme(Value value, boolean least) {
        boolean caseSensitive = arguments.bool("case_sensitive", false);
        UnaryOperator<Value> attribute = attribute(arguments.next("attribute"), Optional.empty());
        List<Value> items = elements(value);
        if (items.isEmpty()) {
            return Types.undefined("the least or greatest of nothing");
        }
        Value best = items.getFirst();
        Value bestKey = folded(attribute.apply(best), caseSensitive);
        for (Value item : items.subList(1, items.size())) {
            Value key = folded(attribute.apply(item), caseSensitive);
            int order = comparison.compare(key, bestKey);
            if (least ? order < 0 : order > 0) {
                best = item;
                bestKey = key;
            }
        }
        return best;
    }

    private Value sort(Value value) {
        boolean reverse = arguments.bool("reverse", false);
        boolean caseSensitive = arguments.bool("case_sensitive", false);
        Optional<Value> attribute = arguments.next("attribute");
        List<UnaryOperator<Value>> keys = new ArrayList<>();
        if (attribute.orElse(Value.NONE) instanceof Value.Str names) {
            for (String name : names.text().split(",")) {
                keys.add(attribute(Optional.of(Value.of(name)), Optional.empty()));
            }
        } else {
            keys.add(attribute(attribute, Optional.empty()));
        }
        return Value.list(sorted(
                elements(value),
                item -> Value.list(keys.stream()
                        .map(key -> folded(key.apply(item), caseSensitive))
                        .toList()),
                reverse));
    }

    private List<Value> sorted(List<Value> items, UnaryOperator<Value> key, boolean reverse) {
        record Keyed(Value key, Value item) {}
        Comparator<Keyed> order = (a, b) -> comparison.order(a.key(), b.key());
        return items.stream()
                .map(item -> new Keyed(key.apply(item), item))
                .sorted(reverse ? order.reversed() : order)
                .map(Keyed::item)
                .toList();
    }

    private Value dictsort(Value value) {
        boolean caseSensitive = arguments.bool("case_sensitive", false);
        String by = arguments.string("by", "key");
        boolean reverse = arguments.bool("reverse", false);
        if (!by.equals("key") && !by.equals("value")) {
            throw environment.error("dictsort: 'by' is '" + by + "'; give key or value");
        }
        if (!(value instanceof Dict dict)) {
            throw environment.error("dictsort takes a dict, not " + Types.name(value) + "; test with 'is mapping'");
        }
        int part = by.equals("key") ? 0 : 1;
        return Value.list(sorted(
                Dicts.items(environment, dict),
                pair -> folded(elements(pair).get(part), caseSensitive),
                reverse));
    }

    private Value unique(Value value) {
        boolean caseSensitive = arguments.bool("case_sensitive", false);
        UnaryOperator<Value> attribute = attribute(arguments.next("attribute"), Optional.empty());
        Set<Object> seen = new HashSet<>();
        return generator(elements(value).stream()
                .filter(item -> seen.add(Dicts.key(environment, folded(attribute.apply(item), caseSensitive))))
                .toList());
    }

    /** Pairs of a key and the list of the items that have it, by key. */
    private Value groupby(Value value) {
        UnaryOperator<Value> attribute =
                attribute(Optional.of(arguments.required("attribute")), arguments.next("default"));
        boolean caseSensitive = arguments.bool("case_sensitive", false);
        UnaryOperator<Value> key = item -> folded(attribute.apply(item), caseSensitive);
        List<Value> groups = new ArrayList<>();
        List<Value> group = new ArrayList<>();
        for (Value item : sorted(elements(value), key, false)) {
            if (!group.isEmpty() && !comparison.equal(key.apply(group.getFirst()), key.apply(item))) {
                groups.add(Value.tuple(attribute.apply(group.getFirst()), Value.list(group)));
                group = new ArrayList<>();
            }
            group.add(item);
        }
        if (!group.isEmpty()) {
            groups.add(Value.tuple(attribute.apply(group.getFirst()), Value.list(group)));
        }
        return Value.list(groups);
    }

    private Value map(Value value) {
        if (arguments.count() == 0) {
            UnaryOperator<Value> attribute =
                    attribute(Optional.of(arguments.required("attribute")), arguments.next("default"));
            return generator(elementsOrNone(value).stream().map(attribute).toList());
        }
        String filter = arguments.requiredString("filter");
        List<Value> positional = arguments.rest();
        var named = arguments.restNamed();
        List<Value> mapped = new ArrayList<>();
        for (Value item : elementsOrNone(value)) {
            mapped.add(Filters.apply(
                    environment, filter, item, new Arguments(environment, filter, positional, named)));
        }
        return generator(mapped);
    }

    private Value choose(Value value, boolean byAttribute, boolean wanted) {
        UnaryOperator<Value> attribute = byAttribute
                ? attribute(Optional.of(arguments.required("attribute")), Optional.empty())
                : UnaryOperator.identity();
        Optional<String> test = arguments.count() > 0 ? Optional.of(arguments.requiredString("test")) : Optional.empty();
        List<Value> positional = arguments.rest();
        var named = arguments.restNamed();
        List<Value> chosen = new ArrayList<>();
        for (Value item : elementsOrNone(value)) {
            Value tested = attribute.apply(item);
            boolean passes = test.map(name -> new Tests(environment)
                            .test(name, tested, new Arguments(environment, name, positional, named)))
                    .orElseGet(() -> Types.truth(tested));
            if (passes == wanted) {
                chosen.add(item);
            }
        }
        return generator(chosen);
    }

    private Value batch(Value value) {
        int size = arguments.integer("linecount", 1);
        Value fill = arguments.next("fill_with").orElse(Value.NONE);
        if (size < 1) {
            throw environment.error("batch: 'linecount' is " + size + "; give at least 1");
        }
        List<Value> items = elements(value);
        List<Value> batches = new ArrayList<>();
        for (int from = 0; from < items.size(); from += size) {
            List<Value> batch = new ArrayList<>(items.subList(from, Math.min(items.size(), from + size)));
            if (!(fill instanceof Value.None)) {
                environment.step(size - batch.size());
                batch.addAll(Collections.nCopies(size - batch.size(), fill));
            }
            batches.add(Value.list(batch));
        }
        return generator(batches);
    }

    private Value slice(Value value) {
        int count = arguments.integer("slices", 1);
        Value fill = arguments.next("fill_with").orElse(Value.NONE);
        if (count < 1) {
            throw environment.error("slice: 'slices' is " + count + "; give at least 1");
        }
        environment.step(count);
        List<Value> items = elements(value);
        int least = items.size() / count;
        int longer = items.size() % count;
        List<Value> slices = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < count; i++) {
            int to = from + least + (i < longer ? 1 : 0);
            List<Value> slice = new ArrayList<>(items.subList(from, to));
            if (!(fill instanceof Value.None) && i >= longer && longer > 0) {
                slice.add(fill);
            }
            slices.add(Value.list(slice));
            from = to;
        }
        return generator(slices);
    }

    private static Value folded(Value key, boolean caseSensitive) {
        return !caseSensitive && key instanceof Value.Str str
                ? Value.of(str.text().toLowerCase(Locale.ROOT))
                : key;
    }

    /** What an {@code attribute} argument asks for: nothing gives the item, dots lead inwards, digits are indices. */
    private UnaryOperator<Value> attribute(Optional<Value> attribute, Optional<Value> otherwise) {
        if (attribute.isEmpty() || attribute.get() instanceof Value.None) {
            return UnaryOperator.identity();
        }
        List<Value> path = new ArrayList<>();
        if (attribute.get() instanceof Value.Str names) {
            for (String part : names.text().split("\\.", -1)) {
                boolean index = !part.isEmpty() && part.length() < 9 && part.chars().allMatch(c -> c >= '0' && c <= '9');
                path.add(index ? Value.of(Long.parseLong(part)) : Value.of(part));
            }
        } else {
            path.add(attribute.get());
        }
        Access access = new Access(environment);
        return item -> {
            Value value = item;
            for (Value part : path) {
                value = access.item(value, part);
                if (value instanceof Value.Undefined && otherwise.isPresent()) {
                    value = otherwise.get();
                }
            }
            return value;
        };
    }
}
