package dev.prairie.text.grammar;

import org.jspecify.annotations.Nullable;

/** A named expression that others, and it itself, may call. Its body comes later than its name, since rules are recursive. */
final class Rule {
    private final String name;
    private @Nullable Expr body;

    Rule(String name) {
        this.name = name;
    }

    String name() {
        return name;
    }

    void define(Expr expression) {
        if (body != null) {
            throw new IllegalStateException("rule '" + name + "' is defined twice");
        }
        body = expression;
    }

    boolean isDefined() {
        return body != null;
    }

    Expr body() {
        if (body == null) {
            throw new IllegalStateException("rule '" + name + "' has no body yet");
        }
        return body;
    }
}
