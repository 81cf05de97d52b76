package dev.prairie.text.template;

/** Escape sequences of Python's string literals; an unknown one stays as it is written. */
final class Escapes {
    private Escapes() {}

    static String decode(String body) {
        if (body.indexOf('\\') < 0) {
            return body;
        }
        StringBuilder text = new StringBuilder(body.length());
        for (int i = 0; i < body.length(); ) {
            char c = body.charAt(i);
            if (c != '\\' || i + 1 >= body.length()) {
                text.append(c);
                i++;
            } else {
                i = escape(body, i, text);
            }
        }
        return text.toString();
    }

    /** Appends what the escape at {@code at} stands for and returns where it ends. */
    private static int escape(String body, int at, StringBuilder text) {
        char c = body.charAt(at + 1);
        return switch (c) {
            case '\n' -> at + 2;
            case 'n' -> put(text, '\n', at + 2);
            case 't' -> put(text, '\t', at + 2);
            case 'r' -> put(text, '\r', at + 2);
            case 'a' -> put(text, 7, at + 2);
            case 'b' -> put(text, '\b', at + 2);
            case 'f' -> put(text, '\f', at + 2);
            case 'v' -> put(text, 11, at + 2);
            case '\\', '\'', '"' -> put(text, c, at + 2);
            case 'x' -> number(body, at, 2, text);
            case 'u' -> number(body, at, 4, text);
            case 'U' -> number(body, at, 8, text);
            case '0', '1', '2', '3', '4', '5', '6', '7' -> octal(body, at, text);
            default -> {
                text.append('\\').append(c);
                yield at + 2;
            }
        };
    }

    private static int number(String body, int at, int digits, StringBuilder text) {
        int end = at + 2 + digits;
        if (end <= body.length()) {
            String hex = body.substring(at + 2, end);
            if (hex.chars().allMatch(c -> c < 128 && Character.digit(c, 16) >= 0)) {
                long code = Long.parseLong(hex, 16);
                if (code <= Character.MAX_CODE_POINT) {
                    return put(text, (int) code, end);
                }
            }
        }
        return put(text, '\\', at + 1);
    }

    private static int octal(String body, int at, StringBuilder text) {
        int end = at + 1;
        int code = 0;
        while (end < body.length() && end < at + 4 && body.charAt(end) >= '0' && body.charAt(end) <= '7') {
            code = 8 * code + body.charAt(end++) - '0';
        }
        return put(text, code, end);
    }

    private static int put(StringBuilder text, int codePoint, int end) {
        text.appendCodePoint(codePoint);
        return end;
    }
}
