package dev.prairie.text.grammar;

import java.io.Serial;

/** A JSON Schema that says something that cannot be held as a grammar: which keyword says it, and where. */
public final class UnsupportedSchemaException extends GrammarException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final String keyword;
    private final String pointer;

    UnsupportedSchemaException(String keyword, String pointer, String why) {
        super("the schema's keyword '" + keyword + "' at '" + pointer + "' is not supported: " + why);
        this.keyword = keyword;
        this.pointer = pointer;
    }

    /** The keyword as the schema spells it. */
    public String keyword() {
        return keyword;
    }

    /** Where the schema that holds the keyword stands, as a JSON pointer (RFC 6901); empty for the whole document. */
    public String pointer() {
        return pointer;
    }
}
