package dev.prairie.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The arguments of one call, of a filter, a test or a function, bound to parameters one after the other. */
final class Arguments {
    private final Environment environment;
    private final String callee;
    private final List<Value> positional;
    private final Map<String, Value> named;

    Arguments(Environment environment, String callee, List<Value> positional, Map<String, Value> named) {
        this.environment = environment;
        this.callee = callee;
        this.positional = new ArrayList<>(positional);
        this.named = new LinkedHashMap<>(named);
    }

    Environment environment() {
        return environment;
    }

    /** Positional arguments not bound yet, all of them bound by this. */
    List<Value> rest() {
        List<Value> rest = List.copyOf(positional);
        positional.clear();
        return rest;
    }

    /** Named arguments not bound yet, all of them bound by this. */
    Map<String, Value> restNamed() {
        Map<String, Value> rest = new LinkedHashMap<>(named);
        named.clear();
        return rest;
    }

    /** How many positional arguments are not bound yet. */
    int count() {
        return positional.size();
    }

    /** The next parameter, which is called {@code name}, if it was given. */
    Optional<Value> next(String name) {
        if (!positional.isEmpty()) {
            if (named.containsKey(name)) {
                throw environment.error(callee + " got its argument '" + name + "' twice; give it once");
            }
            return Optional.of(positional.removeFirst());
        }
        return Optional.ofNullable(named.remove(name));
    }

    /** An argument that can only be given by its name. */
    Optional<Value> named(String name) {
        return Optional.ofNullable(named.remove(name));
    }

    Value required(String name) {
        return next(name).orElseThrow(
                () -> environment.error(callee + " lacks its argument '" + name + "'; give it one"));
    }

    String string(String name, String otherwise) {
        return next(name).map(value -> string(value, name)).orElse(otherwise);
    }

    String requiredString(String name) {
        return string(required(name), name);
    }

    private String string(Value value, String name) {
        return value instanceof Value.Str str
                ? str.text()
                : environment.fail(callee + ": '" + name + "' is " + Types.name(value) + ", give a string");
    }

    boolean bool(String name, boolean otherwise) {
        return next(name).map(value -> Types.truth(value)).orElse(otherwise);
    }

    /** A whole number, cut to the range of an int. */
    int integer(String name, int otherwise) {
        return next(name).filter(value -> !(value instanceof Value.None))
                .map(value -> Types.index(environment, value, callee + ": '" + name + "'"))
                .orElse(otherwise);
    }

    /** To be called last: refuses what no parameter took. */
    void end() {
        if (!positional.isEmpty()) {
            throw environment.error(callee + " got " + positional.size() + " arguments too many; leave them out");
        }
        if (!named.isEmpty()) {
            throw environment.error(
                    callee + " has no argument '" + named.keySet().iterator().next() + "'; leave it out");
        }
    }
}
