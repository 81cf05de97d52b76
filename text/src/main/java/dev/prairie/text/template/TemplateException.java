package dev.prairie.text.template;

import java.io.Serial;

/** A template that cannot be read or rendered: at which stage and place, what is wrong, and what would help. */
public final class TemplateException extends IllegalArgumentException {
    @Serial
    private static final long serialVersionUID = 1L;

    /** How far the template came. */
    public enum Stage {
        /** Its text does not fall apart into tokens. */
        LEXING,
        /** Its tokens make no template. */
        PARSING,
        /** It failed while it rendered, or refused what it was given. */
        RUNTIME
    }

    private final Stage stage;
    private final int line;
    private final int column;

    TemplateException(Stage stage, Position at, String message) {
        super("chat template, line " + at.line() + ", column " + at.column() + ": " + message);
        this.stage = stage;
        this.line = at.line();
        this.column = at.column();
    }

    /** How far the template came. */
    public Stage stage() {
        return stage;
    }

    /** The line of the template, from 1. */
    public int line() {
        return line;
    }

    /** The column in that line, from 1. */
    public int column() {
        return column;
    }
}
