package dev.prairie.serve.engine;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lets text through until a stop string appears. Text that could still become a stop string is held back, so that no part
 * of one is ever shown; with no stop strings everything passes at once.
 */
final class StopStrings {
    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private @Nullable String found;

    StopStrings(List<String> stops) {
        this.stops = stops;
    }

    /** Adds {@code text} and returns what can be shown now. */
    String add(String text) {
        if (found != null) {
            return "";
        }
        held.append(text);
        int first = -1;
        String which = null;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            if (at >= 0 && (first < 0 || at < first)) {
                first = at;
                which = stop;
            }
        }
        if (first >= 0) {
            found = which;
            return release(first);
        }
        return release(held.length() - undecided());
    }

    /** True once a stop string was seen; nothing follows. */
    boolean isFound() {
        return found != null;
    }

    /** The stop string that was seen; null while there is none. */
    @Nullable
    String found() {
        return found;
    }

    /** What was held back, when no text follows. */
    String end() {
        return found != null ? "" : release(held.length());
    }

    private String release(int length) {
        String text = held.substring(0, length);
        held.delete(0, length);
        return text;
    }

    /** Length of the longest end of the held text that begins a stop string. */
    private int undecided() {
        int longest = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
                if (stop.startsWith(held.substring(held.length() - n))) {
                    longest = n;
                }
            }
        }
        return longest;
    }
}
