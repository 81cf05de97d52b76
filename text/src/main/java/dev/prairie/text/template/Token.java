package dev.prairie.text.template;

/**
 * A piece of a template's source.
 *
 * @param kind what it is
 * @param text its text: of a string literal the value, of all others the spelling
 * @param at   where it begins
 */
record Token(Kind kind, String text, Position at) {
    /** Kinds of tokens. */
    enum Kind {
        TEXT("text"),
        BLOCK_BEGIN("{%"),
        BLOCK_END("%}"),
        PRINT_BEGIN("{{"),
        PRINT_END("}}"),
        NAME("a name"),
        STRING("a string"),
        INTEGER("a number"),
        FLOAT("a number"),
        OPERATOR("an operator"),
        END("the end of the template");

        private final String title;

        Kind(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    /** As an error names it. */
    String title() {
        return switch (kind) {
            case NAME, INTEGER, FLOAT, OPERATOR -> "'" + text + "'";
            case STRING -> "the string '" + (text.length() > 20 ? text.substring(0, 20) + "…" : text) + "'";
            default -> kind.title();
        };
    }
}
