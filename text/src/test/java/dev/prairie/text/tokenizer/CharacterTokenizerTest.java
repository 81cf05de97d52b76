package dev.prairie.text.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.testing.Demand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CharacterTokenizerTest {
    @TempDir
    private Path folder;

    @Test
    void numbersTheCharactersInOrder() {
        Tokenizer tokenizer = CharacterTokenizer.learn(List.of("ba\n", "c😀"), List.of("<eos>"));
        assertThat(tokenizer.vocabularySize()).isEqualTo(6);
        assertThat(tokenizer.encode("abc\n😀")).containsExactly(1, 2, 3, 0, 4);
        assertThat(tokenizer.decode(1, 2, 3, 0, 4)).isEqualTo("abc\n😀");
        assertThat(tokenizer.eos()).hasValue(5);
        assertThat(tokenizer.encodeWithSpecials("a<eos>")).containsExactly(1, 5);
        assertThatThrownBy(() -> tokenizer.encode("a<eos>")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shakespeareHasSixtyFive() throws IOException {
        String text = Files.readString(Demand.data("corpora/tinyshakespeare/input.txt"));
        Tokenizer tokenizer = CharacterTokenizer.learn(List.of(text), List.of());
        assertThat(tokenizer.vocabularySize()).isEqualTo(65);
        assertThat(tokenizer.encode("hii there")).containsExactly(46, 47, 47, 1, 58, 46, 43, 56, 43);
        assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
    }

    @Test
    void anUnknownCharacterNeedsAnUnknownToken() {
        Tokenizer without = CharacterTokenizer.learn(List.of("ab"), List.of());
        assertThatThrownBy(() -> without.encode("aé"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'é' (U+00E9)")
                .hasMessageContaining("<unk>");
        Tokenizer with = CharacterTokenizer.learn(List.of("ab"), List.of("<unk>"));
        assertThat(with.encode("aéb")).containsExactly(0, 2, 1);
    }

    @Test
    void savesAndOpens() throws IOException {
        Tokenizer tokenizer = CharacterTokenizer.learn(List.of("Hello\r\n\t \"世界\\"), List.of("<unk>", "<eos>"));
        Path file = folder.resolve("tokenizer.json");
        tokenizer.save(file);
        Tokenizer opened = Tokenizer.load(file);
        assertThat(opened).isInstanceOf(CharacterTokenizer.class);
        assertThat(opened.json()).isEqualTo(tokenizer.json());
        assertThat(opened.encode("lo世?\n")).isEqualTo(tokenizer.encode("lo世?\n"));
        Path bad =
                Files.writeString(folder.resolve("bad.json"), tokenizer.json().replaceFirst("\"H\" :", "\"HH\" :"));
        assertThatThrownBy(() -> Tokenizer.load(bad))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("HH");
    }
}
