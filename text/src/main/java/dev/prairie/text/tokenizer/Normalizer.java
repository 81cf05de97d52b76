package dev.prairie.text.tokenizer;

import dev.prairie.text.pattern.CharClasses;
import dev.prairie.text.pattern.CutPattern;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What is done to a text before it is cut: the {@code normalizer} of a {@code tokenizer.json}.
 *
 * @see <a href="https://huggingface.co/docs/tokenizers/api/normalizers">the normalizers and what they do</a>
 */
sealed interface Normalizer permits Normalizer.Simple, UnicodeForm, Charsmap {
    /** Leaves a text as it is. */
    Normalizer NONE = new Sequence(List.of());

    AlignedText apply(AlignedText text);

    /** Those that need few lines each. */
    sealed interface Simple extends Normalizer {}

    /** One after the other. */
    record Sequence(List<Normalizer> steps) implements Simple {
        @Override
        public AlignedText apply(AlignedText text) {
            AlignedText done = text;
            for (Normalizer step : steps) {
                done = step.apply(done);
            }
            return done;
        }
    }

    /** What BERT does, each part of it if asked for. */
    record Bert(boolean cleans, boolean partsChinese, boolean stripsAccents, boolean lowers) implements Simple {
        @Override
        public AlignedText apply(AlignedText text) {
            AlignedText done = text;
            if (cleans || partsChinese) {
                AlignedText.Builder clean = new AlignedText.Builder(text.size() + 16);
                for (int i = 0; i < text.size(); i++) {
                    add(clean, text, i);
                }
                done = clean.build();
            }
            if (stripsAccents) {
                AlignedText.Builder bare = new AlignedText.Builder(done.size());
                AlignedText decomposed = new UnicodeForm(java.text.Normalizer.Form.NFD).apply(done);
                for (int i = 0; i < decomposed.size(); i++) {
                    if (Character.getType(decomposed.at(i)) != Character.NON_SPACING_MARK) {
                        bare.add(decomposed.at(i), decomposed, i);
                    }
                }
                done = bare.build();
            }
            return lowers ? new Lowercase().apply(done) : done;
        }

        private void add(AlignedText.Builder clean, AlignedText text, int i) {
            int c = text.at(i);
            if (cleans) {
                if (c == '\t' || c == '\n' || c == '\r') {
                    c = ' ';
                } else if (c == 0xFFFD || isOther(c)) {
                    return;
                } else if (CharClasses.isWhiteSpace(c)) {
                    c = ' ';
                }
            }
            if (partsChinese && isChinese(c)) {
                clean.add(' ', text, i).add(c, text, i).add(' ', text, i);
            } else {
                clean.add(c, text, i);
            }
        }

        /** The general category C, without characters not assigned yet. */
        private static boolean isOther(int c) {
            return switch (Character.getType(c)) {
                case Character.CONTROL,
                        Character.FORMAT,
                        Character.SURROGATE,
                        Character.PRIVATE_USE -> true;
                default -> false;
            };
        }

        /** The blocks that BERT's authors chose; U+2B820 to U+2B91F are left out in every implementation in use. */
        private static boolean isChinese(int c) {
            return (c >= 0x4E00 && c <= 0x9FFF)
                    || (c >= 0x3400 && c <= 0x4DBF)
                    || (c >= 0x20000 && c <= 0x2A6DF)
                    || (c >= 0x2A700 && c <= 0x2B73F)
                    || (c >= 0x2B740 && c <= 0x2B81F)
                    || (c >= 0x2B920 && c <= 0x2CEAF)
                    || (c >= 0xF900 && c <= 0xFAFF)
                    || (c >= 0x2F800 && c <= 0x2FA1F);
        }
    }

    /** Every character in lower case by itself, whatever stands beside it. */
    record Lowercase() implements Simple {
        @Override
        public AlignedText apply(AlignedText text) {
            AlignedText.Builder lower = new AlignedText.Builder(text.size());
            for (int i = 0; i < text.size(); i++) {
                int c = text.at(i);
                if (c == 0x130) { // the one character that becomes two
                    lower.add('i', text, i).add(0x307, text, i);
                } else {
                    lower.add(Character.toLowerCase(c), text, i);
                }
            }
            return lower.build();
        }
    }

    /** Leaves out combining marks. */
    record StripAccents() implements Simple {
        @Override
        public AlignedText apply(AlignedText text) {
            AlignedText.Builder bare = new AlignedText.Builder(text.size());
            for (int i = 0; i < text.size(); i++) {
                switch (Character.getType(text.at(i))) {
                    case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK -> {}
                    default -> bare.add(text.at(i), text, i);
                }
            }
            return bare.build();
        }
    }

    /** What SentencePiece calls NMT: controls away, odd spaces made plain. */
    record Nmt() implements Simple {
        @Override
        public AlignedText apply(AlignedText text) {
            AlignedText.Builder clean = new AlignedText.Builder(text.size());
            for (int i = 0; i < text.size(); i++) {
                int c = text.at(i);
                switch (c) {
                    case '\t', '\n', '\f', '\r', 0x1680, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2028, 0x2029 ->
                        clean.add(' ', text, i);
                    case 0x2581, 0xFEFF, 0xFFFD -> clean.add(' ', text, i);
                    case 0x0B, 0x7F, 0x8F, 0x9F -> {}
                    default -> {
                        if (c == 0 || c >= ' ') {
                            clean.add(c, text, i);
                        }
                    }
                }
            }
            return clean.build();
        }
    }

    /** Takes white space away at the ends. */
    record Strip(boolean left, boolean right) implements Simple {
        @Override
        public AlignedText apply(AlignedText text) {
            int first = 0;
            int last = text.size();
            while (left && first < last && CharClasses.isWhiteSpace(text.at(first))) {
                first++;
            }
            while (right && first < last && CharClasses.isWhiteSpace(text.at(last - 1))) {
                last--;
            }
            if (last - first == text.size()) {
                return text;
            }
            AlignedText.Builder rest = new AlignedText.Builder(last - first);
            for (int i = first; i < last; i++) {
                rest.add(text.at(i), text, i);
            }
            return rest.build();
        }
    }

    /** Puts something in front of a text that is not empty. */
    record Prepend(String content) implements Simple {
        @Override
        public AlignedText apply(AlignedText text) {
            if (text.size() == 0) {
                return text;
            }
            AlignedText.Builder longer = new AlignedText.Builder(text.size() + content.length());
            longer.addAll(content, text, 0, 1);
            for (int i = 0; i < text.size(); i++) {
                longer.add(text.at(i), text, i);
            }
            return longer.build();
        }
    }

    /** Puts something in the place of every match. */
    record Replace(CutPattern pattern, String content) implements Simple {
        @Override
        public AlignedText apply(AlignedText text) {
            AlignedText.Builder changed = new AlignedText.Builder(text.size());
            int[] copied = {0};
            pattern.find(text.characters(), 0, text.size(), (from, to) -> {
                if (from == to) {
                    return;
                }
                copy(changed, text, copied[0], from);
                changed.addAll(content, text, to - 1, to);
                copied[0] = to;
            });
            if (copied[0] == 0) {
                return text;
            }
            copy(changed, text, copied[0], text.size());
            return changed.build();
        }

        private static void copy(AlignedText.Builder changed, AlignedText text, int from, int to) {
            for (int i = from; i < to; i++) {
                changed.add(text.at(i), text, i);
            }
        }
    }

    /** Spells every byte of the text's UTF-8 form by a character of GPT-2's alphabet. */
    record Bytes() implements Simple {
        @Override
        public AlignedText apply(AlignedText text) {
            AlignedText.Builder spelled = new AlignedText.Builder(text.size());
            for (int i = 0; i < text.size(); i++) {
                int c = text.at(i);
                if (c < 128) {
                    spelled.add(ByteAlphabet.character(c), text, i);
                } else {
                    for (byte b : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
                        spelled.add(ByteAlphabet.character(b & 0xFF), text, i);
                    }
                }
            }
            return spelled.build();
        }
    }
}
