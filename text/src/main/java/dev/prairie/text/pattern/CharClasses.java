package dev.prairie.text.pattern;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The named sets of Unicode, as the engines of the tokenizers' makers understand them.
 *
 * @see <a href="https://www.unicode.org/reports/tr18/">Unicode regular expressions</a>
 * @see <a href="https://www.unicode.org/reports/tr44/">the Unicode character database</a>
 */
public final class CharClasses {
    /** The two-letter names of general categories, by the constants of {@link Character}. */
    private static final String[] CATEGORIES = {
        "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "", "Co",
        "Cs", "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf"
    };

    private CharClasses() {}

    /** The property White_Space, which {@code \s} means; Java's own {@code \s} and isWhitespace draw other lines. */
    public static boolean isWhiteSpace(int c) {
        return (c >= '\t' && c <= '\r') || c == ' ' || c == 0x85 || (c > 0x85 && isSeparator(c));
    }

    /** What {@code \w} means to Oniguruma: the standard's words, and Latin-1's superscripts and fractions. */
    public static boolean isWord(int c) {
        return isStandardWord(c) || "\u00b2\u00b3\u00b9\u00bc\u00bd\u00be".indexOf(c) >= 0;
    }

    /** What a word character is to the Unicode standard, and to Rust. */
    public static boolean isStandardWord(int c) {
        return switch (Character.getType(c)) {
            case Character.DECIMAL_DIGIT_NUMBER,
                    Character.CONNECTOR_PUNCTUATION,
                    Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.COMBINING_SPACING_MARK -> true;
            default -> Character.isAlphabetic(c) || c == 0x200C || c == 0x200D;
        };
    }

    /** The set behind {@code \s}. */
    public static CharSet whiteSpace() {
        return CharSet.matching(CharClasses::isWhiteSpace);
    }

    /** The set behind {@code \w}. */
    public static CharSet word() {
        return CharSet.matching(CharClasses::isWord);
    }

    /** The set of a general category ({@code L}, {@code Lu}, {@code L&}), a script ({@code Han}) or a POSIX name. */
    public static Optional<CharSet> named(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "any" -> Optional.of(CharSet.ALL);
            case "l&", "lc" -> Optional.of(category("Lu").or(category("Ll")).or(category("Lt")));
            case "alpha", "alphabetic" -> Optional.of(CharSet.matching(Character::isAlphabetic));
            case "space", "white_space" -> Optional.of(whiteSpace());
            case "digit" -> Optional.of(category("Nd"));
            case "alnum" ->
                Optional.of(CharSet.matching(Character::isAlphabetic).or(category("Nd")));
            case "upper", "uppercase" -> Optional.of(CharSet.matching(Character::isUpperCase));
            case "lower", "lowercase" -> Optional.of(CharSet.matching(Character::isLowerCase));
            case "punct", "punctuation" -> Optional.of(category("P"));
            case "word" -> Optional.of(word());
            default -> {
                CharSet category = category(name);
                yield category.equals(CharSet.NONE) ? script(name) : Optional.of(category);
            }
        };
    }

    private static CharSet category(String name) {
        List<Integer> types = new ArrayList<>();
        for (int type = 0; type < CATEGORIES.length; type++) {
            if (!CATEGORIES[type].isEmpty() && name.length() <= 2 && CATEGORIES[type].startsWith(name)) {
                types.add(type);
            }
        }
        if (types.isEmpty() || name.isEmpty()) {
            return CharSet.NONE;
        }
        boolean[] wanted = new boolean[CATEGORIES.length];
        types.forEach(type -> wanted[type] = true);
        return CharSet.matching(c -> wanted[Character.getType(c)]);
    }

    private static Optional<CharSet> script(String name) {
        String bare = name.startsWith("Is") ? name.substring(2) : name.startsWith("Script=") ? name.substring(7) : name;
        try {
            Character.UnicodeScript script = Character.UnicodeScript.forName(bare);
            return Optional.of(CharSet.matching(c -> Character.UnicodeScript.of(c) == script));
        } catch (IllegalArgumentException unknown) {
            return Optional.empty();
        }
    }

    private static boolean isSeparator(int c) {
        return switch (Character.getType(c)) {
            case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
    }
}
