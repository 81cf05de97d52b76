package dev.prairie.text.tokenizer;

import java.text.Normalizer.Form;

/**
 * One of Unicode's normalization forms. The text is taken in the smallest parts that influence each other, so that each
 * new character can tell where it came from.
 *
 * @see <a href="https://www.unicode.org/reports/tr15/">Unicode normalization forms</a>
 */
record UnicodeForm(Form form) implements Normalizer {
    /** Below this NFC changes nothing: composed letters stay, and no combining mark is met. */
    private static final int FIRST_MARK = 0x300;

    private static final int FIRST_NOT_ASCII = 0x80;

    @Override
    public AlignedText apply(AlignedText text) {
        int plain = form == Form.NFC ? FIRST_MARK : FIRST_NOT_ASCII;
        int same = 0;
        while (same < text.size() && text.at(same) < plain) {
            same++;
        }
        if (same == text.size() || java.text.Normalizer.isNormalized(text.string(0, text.size()), form)) {
            return text;
        }
        AlignedText.Builder changed = new AlignedText.Builder(text.size() + 16);
        for (int from = 0, to; from < text.size(); from = to) {
            to = from + 1;
            while (to < text.size() && joins(text.at(to))) {
                to++;
            }
            if (to == from + 1 && text.at(from) < plain) {
                changed.add(text.at(from), text, from);
            } else {
                add(changed, text, from, to);
            }
        }
        return changed.build();
    }

    private void add(AlignedText.Builder changed, AlignedText text, int from, int to) {
        String whole = java.text.Normalizer.normalize(text.string(from, to), form);
        StringBuilder parts = new StringBuilder();
        for (int i = from; i < to; i++) {
            parts.append(java.text.Normalizer.normalize(text.string(i, i + 1), form));
        }
        if (!whole.contentEquals(parts)) {
            // Characters joined or changed places: the first stands for the first, the others for the last ones.
            int[] characters = whole.codePoints().toArray();
            for (int i = 0; i < characters.length; i++) {
                int place = i == 0 ? from : Math.max(from, to - characters.length + i);
                changed.add(characters[i], text, place);
            }
            return;
        }
        for (int i = from; i < to; i++) {
            changed.addAll(java.text.Normalizer.normalize(text.string(i, i + 1), form), text, i, i + 1);
        }
    }

    /** Whether a character may change together with the one before it: marks, and the later parts of Hangul syllables. */
    private static boolean joins(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK -> true;
            default ->
                (c >= 0x1160 && c <= 0x11FF)
                        || (c >= 0x3131 && c <= 0x318E) // these and the next by their compatibility forms
                        || (c >= 0xFF9E && c <= 0xFFDC);
        };
    }
}
