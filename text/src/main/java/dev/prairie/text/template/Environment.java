package dev.prairie.text.template;

import dev.prairie.text.template.TemplateException.Stage;
import java.time.Clock;

/**
 * What one rendering carries along: where it is, for errors; what it may still spend; and the clock. Not shared between
 * renderings.
 */
final class Environment {
    private final TemplateLimits limits;
    private final Clock clock;
    private Position at = Position.START;
    private long steps;
    private long text;
    private int depth;

    Environment(TemplateLimits limits, Clock clock) {
        this.limits = limits;
        this.clock = clock;
    }

    Clock clock() {
        return clock;
    }

    /** Says where the template is now. */
    void at(Position position) {
        at = position;
    }

    /** Pays for one operation. */
    void step() {
        step(1);
    }

    /** Pays for {@code count} operations before they are done. */
    void step(long count) {
        steps += Math.max(count, 0);
        if (steps > limits.steps() || steps < 0) {
            throw error("the template takes more than " + limits.steps()
                    + " steps; it does not end by itself, or is not meant for so many messages");
        }
    }

    /** Pays for a string of {@code length} characters before it is made. */
    void text(long length) {
        text += Math.max(length, 0);
        step(length >> 6);
        if (text > limits.text() || text < 0) {
            throw error("the template makes strings of more than " + limits.text()
                    + " characters in all; shorten the messages, or use another template");
        }
    }

    /** Pays for a string and gives it back. */
    Value made(String string) {
        text(string.length());
        return Value.of(string);
    }

    /** Pays for text that is written out. */
    void written(StringBuilder out, int length) {
        if (out.length() + (long) length > limits.output()) {
            throw error("the template writes more than " + limits.output()
                    + " characters; shorten the messages, or use another template");
        }
        text(length);
    }

    /** Goes one level deeper; {@link #leave} undoes it. After an error nothing needs to be undone. */
    void enter() {
        if (++depth > limits.depth()) {
            throw error("the template nests deeper than " + limits.depth()
                    + " levels; it calls itself without end, or its data are nested too deep");
        }
    }

    void leave() {
        depth--;
    }

    /** An error at the present place. The message ends with the way out, after a semicolon. */
    TemplateException error(String message) {
        return new TemplateException(Stage.RUNTIME, at, message);
    }

    /** Throws {@link #error}; typed to stand where a value is wanted. */
    <T> T fail(String message) {
        throw error(message);
    }
}
