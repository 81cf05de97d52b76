package dev.prairie.serve.api;

import java.util.Locale;

/** What a route lets a caller do; a key has some of the last three. */
public enum Scope {
    /** For everybody, key or not: whether the server lives. */
    OPEN,
    /** For whoever is let in at all: the files of the console. */
    ANY,
    /** Generate text, count tokens, list models. */
    GENERATE,
    /** Vectors and rankings. */
    EMBED,
    /** Look at the server: metrics, training runs, live numbers, everyone's usage, traces. */
    OBSERVE;

    /** Whether calls of it are work: counted against limits, and refused while the server drains. */
    public boolean works() {
        return this == GENERATE || this == EMBED;
    }

    /** The word for it in files and on the command line. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
