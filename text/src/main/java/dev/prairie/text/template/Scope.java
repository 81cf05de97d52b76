package dev.prairie.text.template;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Names and their values, inside the names around them. Setting a name never changes an outer one. */
final class Scope {
    private final Map<String, Value> values = new HashMap<>();
    private final @Nullable Scope outer;

    private Scope(@Nullable Scope outer) {
        this.outer = outer;
    }

    static Scope outermost(Map<String, Value> values) {
        Scope scope = new Scope(null);
        scope.values.putAll(values);
        return scope;
    }

    Scope inner() {
        return new Scope(this);
    }

    void set(String name, Value value) {
        values.put(name, value);
    }

    Value get(Environment environment, String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            environment.step();
            Value value = scope.values.get(name);
            if (value != null) {
                return value;
            }
        }
        return Types.undefined("'" + name + "'");
    }
}
