package dev.prairie.text.template;

import dev.prairie.text.template.Value.Sequence;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** The state of a running {@code for}, and what a template sees of it as {@code loop}. */
final class Loop {
    private final List<Value> items;
    private final Value.Native value;
    private int index;
    private Optional<Value> changing = Optional.empty();

    Loop(List<Value> items, int depth, Environment environment, Optional<Value.Function> again) {
        this.items = items;
        Map<String, Supplier<Value>> seen = new LinkedHashMap<>();
        seen.put("index", () -> Value.of(index + 1));
        seen.put("index0", () -> Value.of(index));
        seen.put("revindex", () -> Value.of(items.size() - index));
        seen.put("revindex0", () -> Value.of(items.size() - index - 1));
        seen.put("first", () -> Value.of(index == 0));
        seen.put("last", () -> Value.of(index == items.size() - 1));
        seen.put("length", () -> Value.of(items.size()));
        seen.put("depth", () -> Value.of(depth + 1));
        seen.put("depth0", () -> Value.of(depth));
        seen.put("previtem", () -> index > 0 ? items.get(index - 1) : Types.undefined("the item before the first"));
        seen.put(
                "nextitem",
                () -> index + 1 < items.size() ? items.get(index + 1) : Types.undefined("the item after the last"));
        seen.put("cycle", () -> Value.function("cycle", arguments -> {
            List<Value> choices = arguments.rest();
            return choices.isEmpty()
                    ? environment.fail("cycle: nothing to cycle through; give it values")
                    : choices.get(index % choices.size());
        }));
        seen.put("changed", () -> Value.function("changed", arguments -> {
            Value now = new Sequence(Sequence.Kind.TUPLE, arguments.rest());
            boolean changed = changing.isEmpty() || !new Comparison(environment).equal(changing.get(), now);
            changing = Optional.of(now);
            return Value.of(changed);
        }));
        this.value = new Value.Native("a loop", seen, again);
    }

    Value value() {
        return value;
    }

    Value item() {
        return items.get(index);
    }

    /** Goes to the next item; false if there is none. */
    boolean next() {
        index++;
        return index < items.size();
    }
}
