package dev.prairie.text.template;

import dev.prairie.text.template.TemplateException.Stage;
import dev.prairie.text.template.Token.Kind;
import java.util.List;

/** The tokens of a template, read one after the other, and how deep the reading is. */
final class TokenStream {
    /** Deeper nesting than this is no template that people wrote. */
    private static final int DEEPEST = 200;

    private final List<Token> tokens;
    private int next;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(next);
    }

    Token peekAfter() {
        return tokens.get(Math.min(next + 1, tokens.size() - 1));
    }

    Token take() {
        Token token = tokens.get(next);
        if (token.kind() != Kind.END) {
            next++;
        }
        return token;
    }

    boolean skipName(String name) {
        return skip(peek().isName(name));
    }

    boolean skipOperator(String operator) {
        return skip(peek().isOperator(operator));
    }

    private boolean skip(boolean wanted) {
        if (wanted) {
            next++;
        }
        return wanted;
    }

    Token expect(Kind kind) {
        if (peek().kind() != kind) {
            throw unexpected(kind.title());
        }
        return take();
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw unexpected("'" + operator + "'");
        }
    }

    void enter() {
        if (++depth > DEEPEST) {
            throw error(peek(), "nested deeper than " + DEEPEST + " levels; simplify the template");
        }
    }

    void leave() {
        depth--;
    }

    TemplateException unexpected(String wanted) {
        return error(peek(), "expected " + wanted + ", found " + peek().title() + "; correct the template");
    }

    TemplateException error(Token at, String message) {
        return new TemplateException(Stage.PARSING, at.at(), message);
    }
}
