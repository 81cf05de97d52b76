package dev.prairie.text.tokenizer;

import dev.prairie.text.pattern.CutPattern;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * How pieces become text again: the {@code decoder} of a {@code tokenizer.json}, pieces in and pieces out.
 *
 * @see <a href="https://huggingface.co/docs/tokenizers/api/decoders">the decoders and what they do</a>
 */
sealed interface Decoder {

    List<String> apply(List<String> pieces);

    /** One after the other. */
    record Sequence(List<Decoder> steps) implements Decoder {
        @Override
        public List<String> apply(List<String> pieces) {
            List<String> done = pieces;
            for (Decoder step : steps) {
                done = step.apply(done);
            }
            return done;
        }
    }

    /** Without a decoder words are joined by spaces. */
    record Words() implements Decoder {
        @Override
        public List<String> apply(List<String> pieces) {
            return List.of(String.join(" ", pieces));
        }
    }

    /** Characters of GPT-2's alphabet back to bytes. */
    record ByteLevel() implements Decoder {
        @Override
        public List<String> apply(List<String> pieces) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            pieces.forEach(piece -> bytes.writeBytes(ByteAlphabet.bytes(piece)));
            return List.of(bytes.toString(StandardCharsets.UTF_8));
        }
    }

    /** The mark back to spaces, less the one that encoding put in front. */
    record Metaspace(int mark, boolean dropsFirst) implements Decoder {
        @Override
        public List<String> apply(List<String> pieces) {
            String spelled = Character.toString(mark);
            List<String> plain = new ArrayList<>(pieces.size());
            for (String piece : pieces) {
                plain.add(piece.replace(spelled, plain.isEmpty() && dropsFirst ? "" : " "));
            }
            return plain;
        }
    }

    /** Spaces between words; pieces that go on lose their prefix. */
    record WordPiece(String prefix, boolean cleans) implements Decoder {
        @Override
        public List<String> apply(List<String> pieces) {
            List<String> words = new ArrayList<>(pieces.size());
            for (String piece : pieces) {
                String word = words.isEmpty()
                        ? piece
                        : piece.startsWith(prefix) ? piece.substring(prefix.length()) : " " + piece;
                words.add(cleans ? cleaned(word) : word);
            }
            return words;
        }

        /** What Hugging Face's libraries call clean-up: English punctuation and contractions close up. */
        private static String cleaned(String word) {
            return word.replace(" .", ".")
                    .replace(" ?", "?")
                    .replace(" !", "!")
                    .replace(" ,", ",")
                    .replace(" ' ", "'")
                    .replace(" n't", "n't")
                    .replace(" 'm", "'m")
                    .replace(" do not", " don't")
                    .replace(" 's", "'s")
                    .replace(" 've", "'ve")
                    .replace(" 're", "'re");
        }
    }

    /** A mark at the end of words back to spaces. */
    record WordEnds(String suffix) implements Decoder {
        @Override
        public List<String> apply(List<String> pieces) {
            List<String> words = new ArrayList<>(pieces.size());
            for (String piece : pieces) {
                words.add(piece.replace(suffix, words.size() == pieces.size() - 1 ? "" : " "));
            }
            return words;
        }
    }

    /** Something in the place of every match. */
    record Replace(CutPattern pattern, String content) implements Decoder {
        @Override
        public List<String> apply(List<String> pieces) {
            return pieces.stream().map(this::replaced).toList();
        }

        private String replaced(String piece) {
            AlignedText text = AlignedText.original(AlignedText.codePoints(piece), 0, piece.codePointCount(0, piece.length()));
            AlignedText done = new Normalizer.Replace(pattern, content).apply(text);
            return done.string(0, done.size());
        }
    }

    /** Tokens of bytes side by side to the text that they spell, or to U+FFFD each if they spell none. */
    record ByteFallback() implements Decoder {
        @Override
        public List<String> apply(List<String> pieces) {
            List<String> text = new ArrayList<>(pieces.size());
            ByteArrayOutputStream waiting = new ByteArrayOutputStream();
            for (String piece : pieces) {
                int b = byteOf(piece);
                if (b >= 0) {
                    waiting.write(b);
                } else {
                    flush(waiting, text);
                    text.add(piece);
                }
            }
            flush(waiting, text);
            return text;
        }

        private static void flush(ByteArrayOutputStream waiting, List<String> text) {
            try {
                if (waiting.size() > 0) {
                    text.add(StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(waiting.toByteArray()))
                            .toString());
                }
            } catch (CharacterCodingException malformed) {
                text.add("\uFFFD".repeat(waiting.size()));
            }
            waiting.reset();
        }
    }

    /** All pieces as one. */
    record Fuse() implements Decoder {
        @Override
        public List<String> apply(List<String> pieces) {
            return List.of(String.join("", pieces));
        }
    }

    /** Up to so many of a character away at the ends of every piece. */
    record Strip(int character, int start, int stop) implements Decoder {
        @Override
        public List<String> apply(List<String> pieces) {
            return pieces.stream().map(this::stripped).toList();
        }

        private String stripped(String piece) {
            int[] text = piece.codePoints().toArray();
            int from = 0;
            while (from < Math.min(start, text.length) && text[from] == character) {
                from++;
            }
            int to = text.length;
            while (to > from && text.length - to < stop && text[to - 1] == character) {
                to--;
            }
            return new String(text, from, to - from);
        }
    }

    /** The byte that a piece such as {@code <0x0A>} stands for, or −1. */
    static int byteOf(String piece) {
        if (piece.length() != 6 || !piece.startsWith("<0x") || piece.charAt(5) != '>') {
            return -1;
        }
        int high = Character.digit(piece.charAt(3), 16);
        int low = Character.digit(piece.charAt(4), 16);
        return high < 0 || low < 0 || piece.charAt(3) > 'f' || piece.charAt(4) > 'f' ? -1 : 16 * high + low;
    }
}
