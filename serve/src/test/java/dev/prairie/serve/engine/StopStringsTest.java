package dev.prairie.serve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class StopStringsTest {
    @Test
    void holdsBackWhatCouldBecomeAStop() {
        StopStrings stops = new StopStrings(List.of("END"));
        assertThat(stops.add("aE")).isEqualTo("a");
        assertThat(stops.add("N")).isEmpty();
        assertThat(stops.add("E")).isEqualTo("EN");
        assertThat(stops.add("ND and more")).isEmpty();
        assertThat(stops.isFound()).isTrue();
        assertThat(stops.end()).isEmpty();
    }

    @Test
    void givesTheRestWhenNoStopCame() {
        StopStrings stops = new StopStrings(List.of("END"));
        assertThat(stops.add("the EN")).isEqualTo("the ");
        assertThat(stops.end()).isEqualTo("EN");
    }

    @Test
    void theEarliestOfSeveralStopsCuts() {
        StopStrings stops = new StopStrings(List.of("bb", "ab"));
        assertThat(stops.add("xabb")).isEqualTo("x");
        assertThat(stops.isFound()).isTrue();
    }

    /** However a text is cut into pieces, what is shown is the text up to the stop, and never more. */
    @Test
    void anyCuttingShowsTheSame() {
        Random random = new Random(7);
        for (int round = 0; round < 3_000; round++) {
            String text = word(random, random.nextInt(30));
            List<String> list = List.of(word(random, 1 + random.nextInt(4)), word(random, 1 + random.nextInt(4)));
            StopStrings stops = new StopStrings(list);
            StringBuilder shown = new StringBuilder();
            List<String> pieces = new ArrayList<>();
            for (int at = 0; at < text.length() && !stops.isFound(); at++) {
                pieces.add(stops.add(text.substring(at, at + 1)));
                shown.append(pieces.getLast());
                String soFar = text.substring(0, at + 1);
                assertThat(text).startsWith(shown);
                assertThat(list).noneMatch(shown.toString()::contains);
                assertThat(stops.isFound()).isEqualTo(list.stream().anyMatch(soFar::contains));
            }
            shown.append(stops.end());
            if (stops.isFound()) {
                assertThat(list).anyMatch(text.substring(shown.length())::startsWith);
            } else {
                assertThat(shown).hasToString(text);
            }
        }
    }

    private static String word(Random random, int length) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < length; i++) {
            word.append((char) ('a' + random.nextInt(3)));
        }
        return word.toString();
    }
}
