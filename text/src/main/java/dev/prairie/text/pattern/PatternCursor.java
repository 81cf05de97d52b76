package dev.prairie.text.pattern;

/** A pattern that is read from left to right: what readers of every dialect share. */
public abstract class PatternCursor {
    protected final String pattern;

    /** Where the reader is: the next character's index. */
    protected int at;

    protected PatternCursor(String pattern) {
        this.pattern = pattern;
    }

    /** Takes {@code c} if it comes next. */
    protected final boolean accept(char c) {
        if (at < pattern.length() && pattern.charAt(at) == c) {
            at++;
            return true;
        }
        return false;
    }

    /** The next character, which stays; a fault at the end. */
    protected final int peek() {
        if (at >= pattern.length()) {
            throw fault("its sudden end");
        }
        return pattern.charAt(at);
    }

    /** Takes the next code point; a fault at the end. */
    protected final int next() {
        if (at >= pattern.length()) {
            throw fault("its sudden end");
        }
        int c = pattern.codePointAt(at);
        at += Character.charCount(c);
        return c;
    }

    /** Takes a decimal number of at least one digit and at most {@code most}. */
    protected final int count(int most) {
        int value = 0;
        int from = at;
        while (at < pattern.length() && peek() >= '0' && peek() <= '9') {
            value = 10 * value + next() - '0';
            if (value > most) {
                throw fault("a count above " + most);
            }
        }
        if (at == from) {
            throw fault("a count without digits");
        }
        return value;
    }

    /** What is wrong with the pattern where the reader is. */
    protected final IllegalArgumentException fault(String what) {
        String shown = pattern.length() > 200 ? pattern.substring(0, 200) + "…" : pattern;
        return refused("the pattern " + shown + " cannot be used because of " + what + " at character " + at);
    }

    /** The exception that this reader's callers know. */
    protected IllegalArgumentException refused(String message) {
        return new IllegalArgumentException(message);
    }
}
