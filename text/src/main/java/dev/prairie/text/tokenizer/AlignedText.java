package dev.prairie.text.tokenizer;

import java.util.Arrays;

/**
 * A text on its way through a {@link Pipeline}: code points, each with the range of the original text that it came
 * from, in code points. A text that nothing has changed yet keeps no ranges.
 */
final class AlignedText {
    private static final int[] UNCHANGED = new int[0];

    private final int[] characters;
    private final int size;
    private final int[] from;
    private final int[] to;
    /** Where an unchanged text begins in the original. */
    private final int base;

    private AlignedText(int[] characters, int size, int[] from, int[] to, int base) {
        this.characters = characters;
        this.size = size;
        this.from = from;
        this.to = to;
        this.base = base;
    }

    /** The code points of a string; a lone surrogate, which has no UTF-8 form, counts as a question mark. */
    static int[] codePoints(String text) {
        int[] found = new int[text.length()];
        int size = 0;
        for (int at = 0; at < text.length(); ) {
            char high = text.charAt(at++);
            if (!Character.isSurrogate(high)) {
                found[size++] = high;
            } else if (Character.isHighSurrogate(high)
                    && at < text.length()
                    && Character.isLowSurrogate(text.charAt(at))) {
                found[size++] = Character.toCodePoint(high, text.charAt(at++));
            } else {
                found[size++] = '?';
            }
        }
        return size == found.length ? found : Arrays.copyOf(found, size);
    }

    /** The part {@code first .. last} of an original text. */
    static AlignedText original(int[] text, int first, int last) {
        int[] part = first == 0 && last == text.length ? text : Arrays.copyOfRange(text, first, last);
        return new AlignedText(part, part.length, UNCHANGED, UNCHANGED, first);
    }

    int size() {
        return size;
    }

    int at(int index) {
        return characters[index];
    }

    /** The code points; only the first {@link #size} count. Not to be changed. */
    int[] characters() {
        return characters;
    }

    /** Where in the original the character at {@code index} begins. */
    int from(int index) {
        return from == UNCHANGED ? base + index : from[index];
    }

    /** Where in the original the character at {@code index} ends, exclusive. */
    int to(int index) {
        return from == UNCHANGED ? base + index + 1 : to[index];
    }

    String string(int first, int last) {
        return new String(characters, first, last - first);
    }

    /** Puts together a changed text. */
    static final class Builder {
        private int[] characters;
        private int[] from;
        private int[] to;
        private int size;

        Builder(int capacity) {
            characters = new int[capacity + 4];
            from = new int[capacity + 4];
            to = new int[capacity + 4];
        }

        int size() {
            return size;
        }

        /** Adds a character that stands for {@code first .. last} of the original. */
        Builder add(int character, int first, int last) {
            if (size == characters.length) {
                int more = Math.addExact(size, size >> 1) + 4;
                characters = Arrays.copyOf(characters, more);
                from = Arrays.copyOf(from, more);
                to = Arrays.copyOf(to, more);
            }
            characters[size] = character;
            from[size] = first;
            to[size++] = last;
            return this;
        }

        /** Adds a character in the place of one of a text. */
        Builder add(int character, AlignedText text, int index) {
            return add(character, text.from(index), text.to(index));
        }

        /** Adds characters that stand for {@code first .. last} of a text; for nothing at all, if that is empty. */
        Builder addAll(String characters, AlignedText text, int first, int last) {
            int begin = first < text.size() ? text.from(first) : first > 0 ? text.to(first - 1) : text.base;
            int end = last > first ? text.to(last - 1) : begin;
            characters.codePoints().forEach(c -> add(c, begin, end));
            return this;
        }

        /** Adds characters in the place of {@code first .. last} of a text: one for one, those too many for the last. */
        Builder addInPlace(String characters, AlignedText text, int first, int last) {
            int[] added = characters.codePoints().toArray();
            for (int i = 0; i < added.length; i++) {
                add(added[i], text, Math.min(first + i, last - 1));
            }
            return this;
        }

        AlignedText build() {
            return new AlignedText(characters, size, from, to, 0);
        }
    }
}
