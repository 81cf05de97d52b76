package dev.prairie.text.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * The special tokens that a model's maker puts around a text or a pair of texts: the {@code post_processor} of a
 * {@code tokenizer.json}.
 *
 * @param single the parts for one text
 * @param pair the parts for two
 * @param trims whether white space is left out of the places of tokens
 * @param keepsFirstSpace whether the space put in front of the text is not left out
 */
record Framing(List<Part> single, List<Part> pair, boolean trims, boolean keepsFirstSpace) {
    /** The texts alone. */
    static final Framing NONE = new Framing(
            List.of(new Part.Text(false, 0)), List.of(new Part.Text(false, 0), new Part.Text(true, 1)), false, false);

    /** A text, or a special token. */
    sealed interface Part {
        /** The first text, or the second. */
        record Text(boolean second, int typeId) implements Part {}

        /** A token and how it is spelled. */
        record Special(int id, String piece, int typeId) implements Part {}
    }

    /** Puts the token that begins a sequence, if there is one, in front of the texts. */
    static Framing beginning(SpecialTokens specials) {
        return NONE.with(specials, specials.bos(), OptionalInt.empty());
    }

    /** These parts with one more special token at the start and one at the end, unless they are there. */
    Framing with(SpecialTokens specials, OptionalInt first, OptionalInt last) {
        return new Framing(
                with(single, specials, first, last), with(pair, specials, first, last), trims, keepsFirstSpace);
    }

    private static List<Part> with(List<Part> parts, SpecialTokens specials, OptionalInt first, OptionalInt last) {
        List<Part> longer = new ArrayList<>(parts);
        if (first.isPresent() && !is(longer.getFirst(), first.getAsInt())) {
            longer.addFirst(special(specials, first.getAsInt()));
        }
        if (last.isPresent() && !is(longer.getLast(), last.getAsInt())) {
            longer.addLast(special(specials, last.getAsInt()));
        }
        return List.copyOf(longer);
    }

    private static boolean is(Part part, int id) {
        return part instanceof Part.Special special && special.id() == id;
    }

    private static Part special(SpecialTokens specials, int id) {
        return new Part.Special(id, specials.content(id), 0);
    }

    /** The ids of one text with the special tokens around it. */
    int[] frame(int[] text) {
        IntList ids = new IntList(text.length + 2);
        for (Part part : single) {
            switch (part) {
                case Part.Text whole -> ids.addAll(text);
                case Part.Special special -> ids.add(special.id());
            }
        }
        return ids.toArray();
    }

    /** The tokens of one text with the special tokens around it, in the places they have. */
    Encoding frame(Encoding text) {
        return new Framing(single, pair, false, false).frame(List.of(text.tokens()));
    }

    /** The tokens of one text, or two. */
    Encoding frame(List<List<Encoding.Token>> texts) {
        List<Encoding.Token> framed = new ArrayList<>();
        for (Part part : texts.size() > 1 ? pair : single) {
            switch (part) {
                case Part.Text text -> {
                    for (Encoding.Token token : texts.get(text.second() ? 1 : 0)) {
                        framed.add(placed(token, text.typeId()));
                    }
                }
                case Part.Special special ->
                    framed.add(new Encoding.Token(special.id(), special.piece(), special.typeId(), 0, 0));
            }
        }
        return new Encoding(framed);
    }

    private Encoding.Token placed(Encoding.Token token, int typeId) {
        int from = token.from();
        int to = token.to();
        if (trims) {
            int leading = spaces(token.piece());
            int trailing = spaces(new StringBuilder(token.piece()).reverse().toString());
            if (leading == 1 && from == 0 && keepsFirstSpace) {
                leading = 0;
            }
            from = Math.min(from + leading, to);
            to = trailing <= to ? Math.max(to - trailing, from) : to;
        }
        return new Encoding.Token(token.id(), token.piece(), typeId, from, to);
    }

    /** White space at the start of a piece, in GPT-2's spelling. */
    private static int spaces(String piece) {
        int count = 0;
        while (count < piece.length()
                && (piece.charAt(count) == ByteAlphabet.character(' ')
                        || Character.isWhitespace(piece.charAt(count)))) {
            count++;
        }
        return count;
    }
}
