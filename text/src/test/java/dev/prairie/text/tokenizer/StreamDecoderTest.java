package dev.prairie.text.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StreamDecoderTest {
    /** A vocabulary without merges: every byte is a token, so every character is split. */
    private static final Tokenizer BYTES = new BpeTrainer(257, List.of("<|endoftext|>")).train();

    @Test
    void givesOnlyWholeCharacters() {
        String text = "aé中😀b";
        StreamDecoder decoder = BYTES.stream();
        StringBuilder out = new StringBuilder();
        for (int id : BYTES.encode(text)) {
            String piece = decoder.append(id);
            assertThat(piece).doesNotContain("\ufffd");
            assertThat(piece.codePointCount(0, piece.length())).isLessThanOrEqualTo(1);
            out.append(piece);
        }
        assertThat(out).hasToString(text);
        assertThat(decoder.flush()).isEmpty();
    }

    @Test
    void whatNeverBecomesWholeIsReplaced() {
        StreamDecoder decoder = BYTES.stream();
        assertThat(decoder.append(0xF0, 0x9F, 0x98)).isEmpty();
        assertThat(decoder.flush()).isEqualTo("\ufffd");
        assertThat(decoder.append('o', 'k')).isEqualTo("ok");
        assertThat(decoder.append(0xE4, 'x')).isEqualTo("\ufffdx");
        assertThat(decoder.append(0xFF)).isEqualTo("\ufffd");
        assertThat(BYTES.decode(0xE4, 0xB8)).isEqualTo("\ufffd");
    }

    @Test
    void specialTokensAreShownOnlyOnRequest() {
        int end = BYTES.eos().orElseThrow();
        assertThat(BYTES.stream().append('a', end, 'b')).isEqualTo("ab");
        assertThat(new StreamDecoder(BYTES, true).append('a', end, 'b')).isEqualTo("a<|endoftext|>b");
    }
}
