package dev.prairie.text.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.testing.Demand;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where tokens come from, for every kind of tokenizer that does not change the text. */
class PlacesTest {
    private static final String END = "<|endoftext|>";
    private static final String CHARACTERS = "the 中文 aéß 🔥🇨🇳 \n\t'll don't 12 x";

    enum Kind {
        BYTES,
        SCORED,
        CHARACTER;

        Tokenizer open() {
            return switch (this) {
                case BYTES -> bytes();
                case SCORED -> Tokenizer.load(Demand.data("stories260k/tok512.bin"));
                case CHARACTER -> CharacterTokenizer.learn(List.of(CHARACTERS + END), List.of(END));
            };
        }
    }

    private static ByteLevelBpe bytes() {
        BpeTrainer trainer = new BpeTrainer(290, List.of(END));
        trainer.add("the lower the lowest of the low, 中文 the newer the newest of the new.\n".repeat(3));
        return trainer.train();
    }

    @ParameterizedTest
    @EnumSource
    void tokensLieOverTheWholeTextInOrder(Kind kind) {
        Tokenizer tokenizer = kind.open();
        int[] characters = CHARACTERS.codePoints().toArray();
        Random random = new Random(3);
        for (int i = 0; i < 200; i++) {
            StringBuilder text = new StringBuilder();
            for (int length = random.nextInt(12); length >= 0; length--) {
                int one = random.nextInt(characters.length + 1);
                text.append(one == characters.length ? END : Character.toString(characters[one]));
            }
            for (boolean trusted : new boolean[] {false, true}) {
                lieOver(tokenizer, text.toString(), trusted);
            }
        }
    }

    private static void lieOver(Tokenizer tokenizer, String text, boolean trusted) {
        Encoding encoding = tokenizer.encoding(text, trusted);
        assertThat(encoding.ids()).isEqualTo(trusted ? tokenizer.encodeWithSpecials(text) : tokenizer.encode(text));
        int[] characters = text.codePoints().toArray();
        int reached = 0;
        for (Encoding.Token token : encoding.tokens()) {
            assertThat(token.from()).as(text).isBetween(Math.max(0, reached - 1), reached);
            assertThat(token.to()).as(text).isBetween(reached, characters.length);
            byte[] there =
                    new String(characters, token.from(), token.to() - token.from()).getBytes(StandardCharsets.UTF_8);
            String bytes = new String(tokenizer.bytes(token.id()), StandardCharsets.ISO_8859_1);
            String around = " " + new String(there, StandardCharsets.ISO_8859_1);
            assertThat(around)
                    .as("%s at %s of '%s'", token.piece(), token.from(), text)
                    .contains(bytes);
            reached = token.to();
        }
        assertThat(reached).isEqualTo(characters.length);
    }

    @Test
    void aTokenWithPartOfACharacterStandsForAllOfIt() {
        Encoding encoding = bytes().encoding("x🔥 the" + END, true);
        assertThat(encoding.tokens().stream().map(t -> List.of(t.from(), t.to())))
                .containsExactly(
                        List.of(0, 1),
                        List.of(1, 2),
                        List.of(1, 2),
                        List.of(1, 2),
                        List.of(1, 2),
                        List.of(2, 6),
                        List.of(6, 6 + END.length()));
    }

    @Test
    void whatIsPutAroundStandsForNothing() {
        Tokenizer tokenizer = Tokenizer.load(Demand.data("tokenizers/tokenizer-json/bge-small-en-v1.5-tokenizer.json"));
        Encoding framed = tokenizer.frame(tokenizer.encoding("The café [SEP]", false));
        assertThat(framed.ids()).isEqualTo(tokenizer.frame(tokenizer.encode("The café [SEP]")));
        assertThat(framed.tokens().stream().map(t -> t.piece() + t.from() + t.to()))
                .containsExactly("[CLS]00", "the03", "cafe48", "[910", "sep1013", "]1314", "[SEP]00");
        assertThat(Arrays.stream(tokenizer.encoding("a [SEP]", true).ids()).boxed())
                .endsWith(tokenizer.id("[SEP]").orElseThrow());
    }
}
