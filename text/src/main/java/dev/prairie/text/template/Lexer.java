package dev.prairie.text.template;

import dev.prairie.text.template.TemplateException.Stage;
import dev.prairie.text.template.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cuts a template into tokens, and settles whitespace: {@code -} and {@code +} beside a delimiter, {@code trim_blocks}
 * (the newline after a block goes), {@code lstrip_blocks} (blanks before a block that begins its line go), raw blocks and
 * comments. Rules: <a href="https://jinja.palletsprojects.com/en/stable/templates/">Jinja's documentation</a>.
 */
final class Lexer {
    private static final List<String> OPERATORS = List.of(
            "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
            "=", ".", ":", "|", ",", ";");

    private final String source;
    private final TemplateOptions options;
    private final List<Token> tokens = new ArrayList<>();
    private final int[] lineStarts;
    private int pos;

    /** Whether what was consumed last ended a line: then blanks before a block begin their line. */
    private boolean lineStarting = true;

    private Lexer(String source, TemplateOptions options) {
        this.source = source;
        this.options = options;
        this.lineStarts = lineStarts(source);
    }

    /** The tokens of {@code source}, the last of which is the end. */
    static List<Token> tokens(String source, TemplateOptions options) {
        String text = source.indexOf('\r') < 0
                ? source
                : source.replace("\r\n", "\n").replace('\r', '\n');
        if (!options.keepTrailingNewline() && text.endsWith("\n")) {
            text = text.substring(0, text.length() - 1);
        }
        return new Lexer(text, options).run();
    }

    private List<Token> run() {
        while (pos < source.length()) {
            int open = nextOpening(pos);
            if (open < 0) {
                add(Kind.TEXT, source.substring(pos), pos);
                pos = source.length();
                break;
            }
            char kind = source.charAt(open + 1);
            char sign = open + 2 < source.length() ? source.charAt(open + 2) : ' ';
            boolean signed = sign == '-' || sign == '+';
            text(open, kind != '{', signed ? sign : ' ');
            pos = open + (signed ? 3 : 2);
            lineStarting = false;
            switch (kind) {
                case '#' -> comment(open);
                case '%' -> {
                    if (!raw(open)) {
                        tag(open, Kind.BLOCK_BEGIN, Kind.BLOCK_END, "%}");
                    }
                }
                default -> tag(open, Kind.PRINT_BEGIN, Kind.PRINT_END, "}}");
            }
        }
        add(Kind.END, "", source.length());
        return tokens;
    }

    private int nextOpening(int from) {
        for (int at = source.indexOf('{', from); at >= 0 && at + 1 < source.length(); at = source.indexOf('{', at + 1)) {
            char next = source.charAt(at + 1);
            if (next == '%' || next == '{' || next == '#') {
                return at;
            }
        }
        return -1;
    }

    /** The text before an opening at {@code end}, its own end stripped as the opening wants it. */
    private void text(int end, boolean block, char sign) {
        int from = pos;
        int to = end;
        if (sign == '-') {
            while (to > from && Text.isSpace(source.charAt(to - 1))) {
                to--;
            }
        } else if (sign != '+' && block && options.lstripBlocks()) {
            int line = source.lastIndexOf('\n', end - 1) + 1;
            if (line > from || lineStarting) {
                line = Math.max(line, from);
                boolean blank = true;
                for (int i = line; i < end; i++) {
                    blank &= Text.isSpace(source.charAt(i));
                }
                to = blank ? line : to;
            }
        }
        if (to > from) {
            add(Kind.TEXT, source.substring(from, to), from);
        }
    }

    private void comment(int open) {
        int close = source.indexOf("#}", pos);
        if (close < 0) {
            throw lexing(open, "the comment {# is never closed; end it with #}");
        }
        char sign = close > pos ? source.charAt(close - 1) : ' ';
        pos = close + 2;
        skipAfter(sign, true);
    }

    /** What a closing delimiter takes with it; {@code pos} stands behind it. */
    private void skipAfter(char sign, boolean trims) {
        if (sign == '-') {
            while (pos < source.length() && Text.isSpace(source.charAt(pos))) {
                pos++;
            }
        } else if (sign != '+' && trims && options.trimBlocks() && pos < source.length() && source.charAt(pos) == '\n') {
            pos++;
        }
        lineStarting = source.charAt(pos - 1) == '\n';
    }

    /** Reads a raw block if one begins here. */
    private boolean raw(int open) {
        int at = skipSpace(pos);
        if (!source.startsWith("raw", at)) {
            return false;
        }
        at = skipSpace(at + 3);
        boolean strips = source.startsWith("-%}", at);
        if (!strips && !source.startsWith("%}", at)) {
            return false;
        }
        pos = at + (strips ? 3 : 2);
        if (strips) {
            skipAfter('-', false);
        }
        lineStarting = false;
        for (int end = source.indexOf("{%", pos); end >= 0; end = source.indexOf("{%", end + 2)) {
            int name = end + 2;
            char before = name < source.length() ? source.charAt(name) : ' ';
            name = skipSpace(before == '-' || before == '+' ? name + 1 : name);
            if (!source.startsWith("endraw", name)) {
                continue;
            }
            int close = skipSpace(name + "endraw".length());
            char after = close < source.length() ? source.charAt(close) : ' ';
            boolean signed = after == '-' || after == '+';
            if (source.startsWith("%}", signed ? close + 1 : close)) {
                text(end, true, before == '-' || before == '+' ? before : ' ');
                pos = close + (signed ? 3 : 2);
                skipAfter(signed ? after : ' ', true);
                return true;
            }
        }
        throw lexing(open, "the raw block is never closed; end it with {% endraw %}");
    }

    private int skipSpace(int from) {
        int at = from;
        while (at < source.length() && Text.isSpace(source.charAt(at))) {
            at++;
        }
        return at;
    }

    private void tag(int open, Kind begin, Kind end, String close) {
        add(begin, close, open);
        int first = tokens.size();
        Deque<Character> brackets = new ArrayDeque<>();
        while (true) {
            pos = skipSpace(pos);
            if (pos >= source.length()) {
                if (tokens.size() == first) {
                    return; // the parser says what is missing
                }
                throw lexing(open, "the tag is never closed; end it with " + close);
            }
            if (brackets.isEmpty()) {
                char sign = source.charAt(pos);
                boolean signed = sign == '-' || (sign == '+' && end == Kind.BLOCK_END);
                if (source.startsWith(close, signed ? pos + 1 : pos)) {
                    add(end, close, pos);
                    pos += signed ? 3 : 2;
                    skipAfter(signed ? sign : ' ', end == Kind.BLOCK_END);
                    return;
                }
            }
            token(brackets);
        }
    }

    private void token(Deque<Character> brackets) {
        char c = source.charAt(pos);
        if (c >= '0' && c <= '9') {
            new NumberLexer(source, pos).addTo(this);
        } else if (c == '\'' || c == '"') {
            string(c);
        } else if (c == '_' || Character.isUnicodeIdentifierStart(source.codePointAt(pos))) {
            int end = pos;
            while (end < source.length() && Character.isUnicodeIdentifierPart(source.codePointAt(end))) {
                end += Character.charCount(source.codePointAt(end));
            }
            add(Kind.NAME, source.substring(pos, end), pos);
            pos = end;
        } else {
            operator(brackets);
        }
    }

    private void string(char quote) {
        int end = pos + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw lexing(pos, "the string is never closed; end it with " + quote);
        }
        add(Kind.STRING, Escapes.decode(source.substring(pos + 1, end)), pos);
        pos = end + 1;
    }

    private void operator(Deque<Character> brackets) {
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, pos)) {
                balance(operator.charAt(0), brackets);
                add(Kind.OPERATOR, operator, pos);
                pos += operator.length();
                return;
            }
        }
        throw lexing(pos, "unexpected character '" + Character.toString(source.codePointAt(pos)) + "'; remove it");
    }

    private void balance(char c, Deque<Character> brackets) {
        switch (c) {
            case '(' -> brackets.push(')');
            case '[' -> brackets.push(']');
            case '{' -> brackets.push('}');
            case ')', ']', '}' -> {
                if (brackets.isEmpty() || brackets.peek() != c) {
                    String wanted = brackets.isEmpty() ? "nothing is open" : "expected '" + brackets.peek() + "'";
                    throw new TemplateException(
                            Stage.PARSING, position(pos), "unexpected '" + c + "', " + wanted + "; match the brackets");
                }
                brackets.pop();
            }
            default -> {}
        }
    }

    void add(Kind kind, String text, int at) {
        tokens.add(new Token(kind, text, position(at)));
    }

    void advance(int end) {
        pos = end;
    }

    TemplateException lexing(int at, String message) {
        return new TemplateException(Stage.LEXING, position(at), message);
    }

    private Position position(int offset) {
        int found = java.util.Arrays.binarySearch(lineStarts, offset);
        int line = found >= 0 ? found : -found - 2;
        return new Position(line + 1, offset - lineStarts[line] + 1);
    }

    private static int[] lineStarts(String source) {
        return java.util.stream.IntStream.concat(
                        java.util.stream.IntStream.of(0),
                        java.util.stream.IntStream.range(0, source.length())
                                .filter(i -> source.charAt(i) == '\n')
                                .map(i -> i + 1))
                .toArray();
    }
}
