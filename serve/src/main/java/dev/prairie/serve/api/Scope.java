package dev.prairie.serve.api;

/** What a route lets a caller do; a key has some of them. */
public enum Scope {
    /** For everybody, key or not: whether the server lives, and the files of the console. */
    OPEN,
    /** Generate text, count tokens, list models. */
    GENERATE,
    /** Vectors and rankings. */
    EMBED,
    /** Look at the server: metrics, training runs, live numbers, everyone's usage. */
    OBSERVE
}
