package dev.prairie.text.template;

/** Strings as Python counts them: characters are code points. */
final class Text {
    private Text() {}

    /** Python's whitespace, which is Unicode's and a few control characters. */
    static boolean isSpace(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
    }

    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /** The characters from {@code from} up to {@code to}. */
    static String slice(String text, int from, int to) {
        if (to <= from) {
            return "";
        }
        int start = text.offsetByCodePoints(0, from);
        return text.substring(start, text.offsetByCodePoints(start, to - from));
    }

    static String strip(String text) {
        return stripEnd(stripStart(text));
    }

    static String stripStart(String text) {
        int from = 0;
        while (from < text.length() && isSpace(text.charAt(from))) {
            from++;
        }
        return text.substring(from);
    }

    static String stripEnd(String text) {
        int to = text.length();
        while (to > 0 && isSpace(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(0, to);
    }

    /** Without any of {@code chars} at its start. */
    static String stripStart(String text, String chars) {
        int from = 0;
        while (from < text.length() && chars.indexOf(text.codePointAt(from)) >= 0) {
            from += Character.charCount(text.codePointAt(from));
        }
        return text.substring(from);
    }

    /** Without any of {@code chars} at its end. */
    static String stripEnd(String text, String chars) {
        int to = text.length();
        while (to > 0 && chars.indexOf(text.codePointBefore(to)) >= 0) {
            to -= Character.charCount(text.codePointBefore(to));
        }
        return text.substring(0, to);
    }

    /** The first character in upper case, all others in lower case. */
    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.offsetByCodePoints(0, 1);
        return text.substring(0, first).toUpperCase(java.util.Locale.ROOT)
                + text.substring(first).toLowerCase(java.util.Locale.ROOT);
    }

    /** Every letter that follows a letter in lower case, every other in upper case. */
    static String title(String text) {
        StringBuilder title = new StringBuilder(text.length());
        boolean inWord = false;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            title.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inWord = Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
            i += Character.charCount(c);
        }
        return title.toString();
    }

    /** {@code text} with the first {@code count} occurrences of {@code old} replaced; all of them if negative. */
    static String replace(Environment environment, String text, String old, String fresh, int count) {
        StringBuilder result = new StringBuilder();
        int from = 0;
        for (int done = 0; done != count; done++) {
            int at = text.indexOf(old, from);
            if (at < 0) {
                break;
            }
            environment.step();
            environment.text(fresh.length());
            int end = at + old.length();
            result.append(text, from, at).append(fresh);
            if (old.isEmpty()) { // before every character, and at the end
                if (at == text.length()) {
                    return result.toString();
                }
                end = text.offsetByCodePoints(at, 1);
                result.append(text, at, end);
            }
            from = end;
        }
        environment.text(text.length());
        return result.append(text, from, text.length()).toString();
    }

    /** How many of {@code missing} characters Python puts before a text that it centres in {@code width}. */
    static int centred(int missing, int width) {
        return missing / 2 + (missing & width & 1);
    }

    /** Order by code points, as Python compares. */
    static int compare(String a, String b) {
        int n = Math.min(a.length(), b.length());
        for (int i = 0; i < n; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean xHigh = Character.isSurrogate(x);
                boolean yHigh = Character.isSurrogate(y);
                return xHigh != yHigh ? Boolean.compare(xHigh, yHigh) : Character.compare(x, y);
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    /** For HTML, as the filter {@code escape} does it. */
    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;");
    }
}
