package dev.prairie.text.tokenizer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.text.BreakIterator;
import java.util.Arrays;
import java.util.Locale;

/**
 * The character map that SentencePiece compiles its normalization rules into: a double array of prefixes, and the
 * replacements that they lead to. SentencePiece replaces the longest prefix that the map knows, again and again; Hugging
 * Face's library asks for whole graphemes of up to five bytes and else for single characters. Files of either kind were
 * checked against their own library, so each gets its own way.
 *
 * @see <a href="https://github.com/google/sentencepiece/blob/master/src/normalizer.cc">PrefixMatcher and Normalizer in
 *     SentencePiece</a>
 * @see <a href="https://doi.org/10.1016/j.ipm.2006.08.004">Yata et al.: A compact static double-array keeping character
 *     codes</a>
 */
final class Charsmap implements Normalizer {
    private static final int LONGEST_GRAPHEME = 5;

    private final byte[] blob;
    private final int[] units;
    private final byte[] replacements;
    private final boolean byGrapheme;

    private Charsmap(byte[] blob, int[] units, byte[] replacements, boolean byGrapheme) {
        this.blob = blob;
        this.units = units;
        this.replacements = replacements;
        this.byGrapheme = byGrapheme;
    }

    /** Reads a map: int32 size of the array in bytes, the array, the replacements, each ended by a zero byte. */
    static Charsmap of(byte[] blob, boolean byGrapheme) {
        ByteBuffer buffer = ByteBuffer.wrap(blob).order(ByteOrder.LITTLE_ENDIAN);
        long size = blob.length < 4 ? -1 : Integer.toUnsignedLong(buffer.getInt());
        if (size < 4 || size % 4 != 0 || size > buffer.remaining()) {
            throw new TokenizerException("precompiled_charsmap has " + blob.length + " bytes and declares an array of "
                    + size + "; the file is damaged");
        }
        int[] units = new int[(int) size / 4];
        buffer.asIntBuffer().get(units);
        byte[] replacements = Arrays.copyOfRange(blob, 4 + (int) size, blob.length);
        if (replacements.length > 0 && replacements[replacements.length - 1] != 0) {
            throw new TokenizerException("precompiled_charsmap ends inside a replacement; the file is damaged");
        }
        return new Charsmap(blob.clone(), units, replacements, byGrapheme);
    }

    /** The map as it was read. */
    byte[] blob() {
        return blob.clone();
    }

    @Override
    public AlignedText apply(AlignedText text) {
        return byGrapheme ? byGrapheme(text) : byPrefix(text);
    }

    private AlignedText byPrefix(AlignedText text) {
        AlignedText.Builder changed = new AlignedText.Builder(text.size());
        byte[] utf8 = text.string(0, text.size()).getBytes(StandardCharsets.UTF_8);
        for (int i = 0, at = 0; i < text.size(); ) {
            long match = prefix(utf8, at, utf8.length);
            int length = (int) (match >>> 32);
            if (length == 0) {
                changed.add(text.at(i), text, i);
                at += width(text.at(i));
                i++;
                continue;
            }
            int first = i;
            int end = at + length;
            while (i < text.size() && at < end) {
                at += width(text.at(i++));
            }
            changed.addInPlace(replacement((int) match), text, first, i);
        }
        return changed.build();
    }

    private AlignedText byGrapheme(AlignedText text) {
        AlignedText.Builder changed = new AlignedText.Builder(text.size());
        String whole = text.string(0, text.size());
        BreakIterator graphemes = BreakIterator.getCharacterInstance(Locale.ROOT);
        graphemes.setText(whole);
        int i = 0;
        for (int from = 0, to = graphemes.next(); to != BreakIterator.DONE; from = to, to = graphemes.next()) {
            int last = i + whole.codePointCount(from, to);
            byte[] utf8 = whole.substring(from, to).getBytes(StandardCharsets.UTF_8);
            long match = utf8.length <= LONGEST_GRAPHEME ? prefix(utf8, 0, utf8.length) : 0;
            if (match >>> 32 > 0) {
                changed.addInPlace(replacement((int) match), text, i, last);
            } else {
                for (int k = i; k < last; k++) {
                    utf8 = Character.toString(text.at(k)).getBytes(StandardCharsets.UTF_8);
                    match = prefix(utf8, 0, utf8.length);
                    if (match >>> 32 > 0) {
                        changed.addInPlace(replacement((int) match), text, k, k + 1);
                    } else {
                        changed.add(text.at(k), text, k);
                    }
                }
            }
            i = last;
        }
        return changed.build();
    }

    /**
     * A prefix of {@code utf8[from .. to)} in the map, the longest or, as Hugging Face's library does, the shortest: its
     * length in the upper half, its value in the lower; zero if there is none.
     */
    private long prefix(byte[] utf8, int from, int to) {
        long found = 0;
        int node = offset(unit(0));
        for (int at = from; at < to && utf8[at] != 0; at++) {
            int label = utf8[at] & 0xFF;
            node ^= label;
            int unit = unit(node);
            if ((unit & 0x8000_00FF) != label) {
                break;
            }
            node ^= offset(unit);
            if ((unit >>> 8 & 1) != 0) {
                found = (long) (at + 1 - from) << 32 | unit(node) & 0x7FFF_FFFF;
                if (byGrapheme) {
                    break;
                }
            }
        }
        return found;
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6);
    }

    private int unit(int node) {
        if (node < 0 || node >= units.length) {
            throw new TokenizerException("precompiled_charsmap leads to place " + node + " of an array of "
                    + units.length + "; the file is damaged");
        }
        return units[node];
    }

    private String replacement(int place) {
        if (place >= replacements.length) {
            throw new TokenizerException("precompiled_charsmap leads to byte " + place + " of "
                    + replacements.length + " bytes of replacements; the file is damaged");
        }
        int end = place;
        while (replacements[end] != 0) {
            end++;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(replacements, place, end - place))
                    .toString();
        } catch (CharacterCodingException malformed) {
            throw new TokenizerException("precompiled_charsmap holds a replacement that is not UTF-8");
        }
    }

    private static int width(int c) {
        return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    }
}
