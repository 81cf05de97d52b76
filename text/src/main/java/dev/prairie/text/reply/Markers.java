package dev.prairie.text.reply;

import java.util.Collection;

/** Looks for markers in text that is still growing. */
final class Markers {
    private Markers() {}

    /** Length of the longest end of {@code text} that begins one of {@code markers} but is not yet all of it. */
    static int begun(CharSequence text, Collection<String> markers) {
        int longest = 0;
        for (String marker : markers) {
            for (int n = Math.min(marker.length() - 1, text.length()); n > longest; n--) {
                if (marker.startsWith(
                        text.subSequence(text.length() - n, text.length()).toString())) {
                    longest = n;
                }
            }
        }
        return longest;
    }
}
