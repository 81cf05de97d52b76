package dev.prairie.text.reply;

/** Looks for the end of a JSON object or array without reading it. */
final class JsonScan {
    private JsonScan() {}

    /** Where the object or array that begins at {@code from} ends; −1 if it does not, or none begins there. */
    static int end(String text, int from) {
        int depth = 0;
        boolean quoted = false;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quoted) {
                if (c == '\\') {
                    i++;
                } else if (c == '"') {
                    quoted = false;
                }
            } else if (c == '"') {
                quoted = true;
            } else if (c == '{' || c == '[') {
                depth++;
            } else if (c == '}' || c == ']') {
                depth--;
            }
            if (depth == 0 && !quoted) {
                return c == '}' || c == ']' ? i + 1 : -1;
            }
        }
        return -1;
    }

    /** Whether a text that begins as JSON ends inside of a string: a marker there belongs to it. */
    static boolean endsQuoted(CharSequence text) {
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                quoted = !quoted;
            } else if (c == '\\' && quoted) {
                i++;
            }
        }
        return quoted;
    }
}
