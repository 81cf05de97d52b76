package dev.prairie.text.tokenizer;

/** What turns a piece of text into ids: the {@code model} of a {@code tokenizer.json}. Immutable, shared by threads. */
sealed interface Model permits BytePairs, CharacterPairs, ScoredPairs, Unigram, WordPiece, WordLevel {

    /** Appends the ids of {@code text[from .. to)}, code points, and for each the characters that it stands for. */
    void encode(int[] text, int from, int to, Output output);

    /** Where ids go; the places are gathered only for those who ask. */
    final class Output {
        final IntList ids;
        private final IntList starts = new IntList(4);
        private final IntList ends = new IntList(4);
        private final boolean placed;
        private byte[] utf8 = new byte[256];

        Output(int capacity, boolean placed) {
            ids = new IntList(capacity);
            this.placed = placed;
        }

        /** The UTF-8 form of {@code text[from .. to)}, at the start of {@link #utf8()}; its length is given. */
        int encodeUtf8(int[] text, int from, int to) {
            if (utf8.length < 4L * (to - from)) {
                utf8 = new byte[Math.multiplyExact(4, to - from)];
            }
            int size = 0;
            for (int i = from; i < to; i++) {
                int c = text[i];
                if (c < 0x80) {
                    utf8[size++] = (byte) c;
                } else if (c < 0x800) {
                    utf8[size++] = (byte) (0xC0 | c >> 6);
                    utf8[size++] = (byte) (0x80 | c & 0x3F);
                } else if (c < 0x10000) {
                    utf8[size++] = (byte) (0xE0 | c >> 12);
                    utf8[size++] = (byte) (0x80 | c >> 6 & 0x3F);
                    utf8[size++] = (byte) (0x80 | c & 0x3F);
                } else {
                    utf8[size++] = (byte) (0xF0 | c >> 18);
                    utf8[size++] = (byte) (0x80 | c >> 12 & 0x3F);
                    utf8[size++] = (byte) (0x80 | c >> 6 & 0x3F);
                    utf8[size++] = (byte) (0x80 | c & 0x3F);
                }
            }
            return size;
        }

        /** What {@link #encodeUtf8} wrote last. */
        byte[] utf8() {
            return utf8;
        }

        boolean placed() {
            return placed;
        }

        /** Appends an id that stands for the characters {@code from .. to}. */
        void add(int id, int from, int to) {
            ids.add(id);
            if (placed) {
                starts.add(from);
                ends.add(to);
            }
        }

        /** Takes back all but the first {@code size} ids. */
        void cutTo(int size) {
            ids.cutTo(size);
            if (placed) {
                starts.cutTo(size);
                ends.cutTo(size);
            }
        }

        /** The place where token {@code index} begins. */
        int start(int index) {
            return starts.get(index);
        }

        /** The place where token {@code index} ends. */
        int end(int index) {
            return ends.get(index);
        }
    }
}
