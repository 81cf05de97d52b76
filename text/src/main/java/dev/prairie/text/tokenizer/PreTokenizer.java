package dev.prairie.text.tokenizer;

import dev.prairie.text.pattern.CharClasses;
import dev.prairie.text.pattern.CharSet;
import dev.prairie.text.pattern.CutPattern;
import java.util.List;

/**
 * Where a text is cut before the model sees it; nothing is merged across a cut. The {@code pre_tokenizer} of a
 * {@code tokenizer.json}.
 *
 * @see <a href="https://huggingface.co/docs/tokenizers/api/pre-tokenizers">the pre-tokenizers and what they do</a>
 */
sealed interface PreTokenizer {
    /** Leaves a text whole. */
    PreTokenizer NONE = new Sequence(List.of());

    Pieces apply(Pieces pieces);

    /** A text and the parts it is cut into: ascending pairs of begin and end, none empty. */
    record Pieces(AlignedText text, IntList bounds) {
        static Pieces whole(AlignedText text) {
            IntList bounds = new IntList(2);
            if (text.size() > 0) {
                bounds.add(0);
                bounds.add(text.size());
            }
            return new Pieces(text, bounds);
        }

        int count() {
            return bounds.size() / 2;
        }

        int from(int piece) {
            return bounds.get(2 * piece);
        }

        int to(int piece) {
            return bounds.get(2 * piece + 1);
        }
    }

    /** One after the other. */
    record Sequence(List<PreTokenizer> steps) implements PreTokenizer {
        @Override
        public Pieces apply(Pieces pieces) {
            Pieces cut = pieces;
            for (PreTokenizer step : steps) {
                cut = step.apply(cut);
            }
            return cut;
        }
    }

    /** What becomes of a delimiter. */
    enum Behavior {
        /** It is left out. */
        Removed,
        /** It stands alone. */
        Isolated,
        /** It ends the part before it. */
        MergedWithPrevious,
        /** It begins the part after it. */
        MergedWithNext,
        /** Delimiters side by side stand together. */
        Contiguous
    }

    /** Cuts at the matches of a pattern or, inverted, at what lies between them. */
    record Split(CutPattern pattern, Behavior behavior, boolean inverted) implements PreTokenizer {
        @Override
        public Pieces apply(Pieces pieces) {
            Cuts cuts = new Cuts(pieces.bounds().size());
            int[] text = pieces.text().characters();
            for (int piece = 0; piece < pieces.count(); piece++) {
                int from = pieces.from(piece);
                int to = pieces.to(piece);
                cuts.begin(from);
                pattern.find(text, from, to, cuts);
                cuts.part(cuts.at, to, false);
                cuts.end();
            }
            return new Pieces(pieces.text(), cuts.bounds);
        }

        /** Gathers the parts of one piece after the other. */
        private final class Cuts implements CutPattern.Matches {
            private final IntList bounds;
            private int at;
            /** The part not given out yet, where a delimiter may still join it. */
            private int first;

            private int last;
            private boolean waiting;
            private boolean delimiterBefore;

            Cuts(int capacity) {
                bounds = new IntList(capacity + 16);
            }

            void begin(int from) {
                at = from;
                waiting = false;
                delimiterBefore = false;
            }

            @Override
            public void match(int from, int to) {
                part(at, from, false);
                part(from, to, true);
                at = to;
            }

            void part(int from, int to, boolean matched) {
                if (from == to) {
                    return;
                }
                boolean delimiter = matched != inverted;
                switch (behavior) {
                    case Isolated -> put(from, to);
                    case Removed -> {
                        if (!delimiter) {
                            put(from, to);
                        }
                    }
                    case Contiguous -> join(from, to, waiting && delimiter == delimiterBefore);
                    case MergedWithPrevious -> join(from, to, waiting && delimiter && !delimiterBefore);
                    case MergedWithNext -> join(from, to, waiting && !delimiter && delimiterBefore);
                }
                delimiterBefore = delimiter;
            }

            private void join(int from, int to, boolean toBefore) {
                if (!toBefore) {
                    end();
                    first = from;
                }
                last = to;
                waiting = true;
            }

            void end() {
                if (waiting) {
                    put(first, last);
                    waiting = false;
                }
            }

            private void put(int from, int to) {
                bounds.add(from);
                bounds.add(to);
            }
        }
    }

    /**
     * Cuts runs of digits into groups of three counted from the right. With {@code wordBorder} a run counts only if no
     * word character follows it.
     */
    record DigitGroups(CharSet digits, boolean wordBorder) implements PreTokenizer {
        @Override
        public Pieces apply(Pieces pieces) {
            IntList bounds = new IntList(pieces.bounds().size() + 16);
            AlignedText text = pieces.text();
            for (int piece = 0; piece < pieces.count(); piece++) {
                int to = pieces.to(piece);
                int begin = pieces.from(piece);
                for (int at = begin; at < to; at++) {
                    if (!digits.contains(text.at(at))) {
                        continue;
                    }
                    int end = at + 1;
                    while (end < to && digits.contains(text.at(end))) {
                        end++;
                    }
                    if (!wordBorder || end == to || !CharClasses.isWord(text.at(end))) {
                        put(bounds, begin, at);
                        for (int next = at + (end - at - 1) % 3 + 1; at < end; at = next, next += 3) {
                            put(bounds, at, next);
                        }
                        begin = end;
                    }
                    at = end - 1;
                }
                put(bounds, begin, to);
            }
            return new Pieces(text, bounds);
        }

        private static void put(IntList bounds, int from, int to) {
            if (from < to) {
                bounds.add(from);
                bounds.add(to);
            }
        }
    }

    /** Cuts after every so many characters. */
    record FixedLength(int length) implements PreTokenizer {
        @Override
        public Pieces apply(Pieces pieces) {
            IntList bounds = new IntList(pieces.bounds().size());
            for (int piece = 0; piece < pieces.count(); piece++) {
                for (int at = pieces.from(piece); at < pieces.to(piece); at += length) {
                    bounds.add(at);
                    bounds.add(Math.min(at + length, pieces.to(piece)));
                }
            }
            return new Pieces(pieces.text(), bounds);
        }
    }

    /** Puts a space in front of pieces that do not begin with one. */
    record PrefixSpace() implements PreTokenizer {
        @Override
        public Pieces apply(Pieces pieces) {
            return new Metaspace(' ', Prepend.always, false).apply(pieces);
        }
    }

    /** When a mark is put in front. */
    enum Prepend {
        /** Whenever a piece does not begin with it. */
        always,
        /** At the start of the whole text alone. */
        first,
        never
    }

    /** Spells spaces with a mark, puts one in front, and cuts in front of each. */
    record Metaspace(int mark, Prepend prepend, boolean cuts) implements PreTokenizer {
        @Override
        public Pieces apply(Pieces pieces) {
            AlignedText text = pieces.text();
            AlignedText.Builder marked = new AlignedText.Builder(text.size() + pieces.count());
            IntList bounds = new IntList(2 * pieces.bounds().size());
            for (int piece = 0; piece < pieces.count(); piece++) {
                int from = pieces.from(piece);
                bounds.add(marked.size());
                boolean hasMark = text.at(from) == mark || text.at(from) == ' ';
                if (!hasMark && (prepend == Prepend.always || (prepend == Prepend.first && text.from(from) == 0))) {
                    marked.add(mark, text, from);
                }
                for (int i = from; i < pieces.to(piece); i++) {
                    int c = text.at(i) == ' ' ? mark : text.at(i);
                    if (cuts && c == mark && marked.size() > bounds.get(bounds.size() - 1)) {
                        bounds.add(marked.size());
                        bounds.add(marked.size());
                    }
                    marked.add(c, text, i);
                }
                bounds.add(marked.size());
            }
            return new Pieces(marked.build(), bounds);
        }
    }

    /** Spells the bytes of every piece in GPT-2's alphabet, for models that join characters. */
    record Bytes() implements PreTokenizer {
        @Override
        public Pieces apply(Pieces pieces) {
            AlignedText text = pieces.text();
            AlignedText spelled = new Normalizer.Bytes().apply(text);
            IntList bounds = new IntList(pieces.bounds().size());
            int shift = 0;
            int counted = 0;
            for (int i = 0; i < pieces.bounds().size(); i++) {
                for (; counted < pieces.bounds().get(i); counted++) {
                    int c = text.at(counted);
                    shift += c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
                }
                bounds.add(counted + shift);
            }
            return new Pieces(spelled, bounds);
        }
    }
}
