package dev.prairie.text.pattern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CutPatternTest {
    private static final String[] PARTS = {
        "a", "B", "xyz", "9", "12345", " ", "   ", "\n", "\r\n", "\t", "'s", "'LL", "é", "e\u0301", "中", "ǅ", "_", "!?",
        "😀", "Ⅷ", "."
    };

    /** Java's engine backtracks, which is slow and deep on long texts, but says what a match is. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "a|ab|abc|x+?z|[^\\d\\n]{2,3}",
                "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
                "(?i:'s|'ll)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lo}\\p{M}]+|\\p{N}|(?:\\p{L}\\p{M}*(?: \\p{L})*)+",
                "(?<=a)B|(?<!a)\\d|(?m:^)x|\\s+(?m:$)",
                "(?:a|B)*x|(a(9|12)?)+|[a-z&&[^x]]+y",
                "\\bx|z\\b|[\\x{4e00}\\-_]+",
                "\\s{3}|\\s{1,2}(?=\\S)|[[:punct:]a]+"
            })
    void findsWhatABacktrackingEngineFinds(String source) {
        String java = source.replace("[[:punct:]a]", "[\\p{P}a]");
        Pattern reference =
                Pattern.compile(java, Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNICODE_CASE | Pattern.UNIX_LINES);
        // The dialect has lines without a flag, and lookbehinds of one character.
        CutPattern pattern = CutPattern.of(source.replace("(?m:^)", "^").replace("(?m:$)", "$"));
        Random random = new Random(7);
        for (int round = 0; round < 4_000; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(10); i > 0; i--) {
                text.append(PARTS[random.nextInt(PARTS.length)]);
            }
            List<String> expected = new ArrayList<>();
            for (Matcher matcher = reference.matcher(text); matcher.find(); ) {
                if (!matcher.group().isEmpty()) {
                    expected.add(matcher.group());
                }
            }
            assertThat(matches(pattern, text.toString()))
                    .as("%s in '%s'", source, text)
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\\s+$",
                "\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
                "a*b|a",
                "(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}",
                "[\\p{Lu}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lo}\\p{M}]+|[\\p{Lu}\\p{Lo}\\p{M}]+"
            })
    void aMillionCharactersOfAKindTakeNoTime(String source) {
        CutPattern pattern = CutPattern.of(source);
        assertTimeout(Duration.ofSeconds(20), () -> {
            for (String unit : List.of(" ", "a", "A", "9", "\n", "中", "\u0301", "aB", "a ", " \n")) {
                int[] text = (unit.repeat(1_000_000 / unit.length()) + "x")
                        .codePoints()
                        .toArray();
                pattern.find(text, 0, text.length - 1, (from, to) -> {});
                pattern.find(text, 0, text.length, (from, to) -> {});
            }
        });
    }

    @Test
    void looksAtNothingOutsideTheText() {
        int[] text = "ab  cd".codePoints().toArray();
        List<String> found = new ArrayList<>();
        CutPattern.of("\\s+(?!\\S)|(?<=b).").find(text, 2, 4, (from, to) -> found.add(from + "-" + to));
        assertThat(found).containsExactly("2-4");
    }

    @Test
    void emptyMatchesAreCuts() {
        List<Integer> cuts = new ArrayList<>();
        int[] text = "ab, c".codePoints().toArray();
        CutPattern.of("\\b").find(text, 0, text.length, (from, to) -> cuts.add(from));
        assertThat(cuts).containsExactly(0, 2, 4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(a",
                "a)",
                "[a",
                "*a",
                "a{2,1}",
                "a{5000}",
                "\\p{Nonsense}",
                "(?=ab)",
                "(a)\\1",
                "\\",
                "[b-a]",
                "(?x)a",
                "\\x{110000}",
                "\\q",
                "(?:(?:(?:a{900}){900}){900}){900}",
                "(?!a)*"
            })
    void refusesByName(String source) {
        assertThatThrownBy(() -> CutPattern.of(source))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pattern");
    }

    @Test
    void refusesAutomataThatWouldExplode() {
        assertThatThrownBy(() -> CutPattern.of("(?:a|b)*a(?:a|b){20}c"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("too large");
        assertThatThrownBy(() -> CutPattern.of("(".repeat(5000) + ")".repeat(5000)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("nested");
    }

    private static List<String> matches(CutPattern pattern, String text) {
        int[] characters = text.codePoints().toArray();
        List<String> found = new ArrayList<>();
        pattern.find(characters, 0, characters.length, (from, to) -> {
            if (from < to) {
                found.add(new String(characters, from, to - from));
            }
        });
        return found;
    }
}
