package dev.prairie.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.checkpoint.Gguf;
import dev.prairie.model.checkpoint.ModelFolder;
import dev.prairie.model.quantize.WeightMix;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Tensor;
import dev.prairie.testing.Demand;
import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConversionTest {
    private static final String TEXT = "Once upon a time, Zoë said: \"你好\"\n";

    private final Arena arena = Arena.ofShared();
    private Path stories = Path.of("");

    @TempDir
    Path folder;

    @BeforeEach
    void find() {
        stories = Demand.data("stories260k");
    }

    @AfterEach
    void close() {
        arena.close();
    }

    private static Conversion conversion(Path from, WeightMix mix) {
        return new Conversion(from, null, mix, false, new DeviceOptions());
    }

    private Path gguf(Path from, WeightMix mix, String name) throws IOException {
        Path file = folder.resolve(name);
        conversion(from, mix).toGguf(file);
        return file;
    }

    private Gguf open(Path file) throws IOException {
        return Gguf.open(file, arena);
    }

    @Test
    void aGgufFileKeepsAllThatItSays() throws IOException {
        Path from = stories.resolve("stories260K.gguf");
        Gguf given = open(from), made = open(gguf(from, WeightMix.F32, "same.gguf"));
        assertThat(made.names()).containsExactlyElementsOf(given.names());
        for (String name : given.names())
            assertThat(made.tensor(name).segment().mismatch(given.tensor(name).segment()))
                    .as(name)
                    .isEqualTo(-1);
        given.metadata()
                .values()
                .forEach((key, value) -> assertThat(made.metadata().value(key).map(Object::toString))
                        .as(key)
                        .contains(value.toString()));
        assertThat(made.metadata().integer("general.file_type")).isZero();
        Gguf four = open(gguf(from, WeightMix.Q4_0, "four.gguf"));
        assertThat(four.metadata().integer("general.file_type")).isEqualTo(2);
        assertThat(four.metadata().integer("general.quantization_version")).isEqualTo(2);
        assertThat(four.type("blk.0.attn_q.weight")).isEqualTo("Q4_0");
        assertThat(four.type("blk.0.ffn_down.weight")).as("rows of 172").isEqualTo("F16");
        assertThat(four.type("output.weight")).isEqualTo("Q8_0");
    }

    @Test
    void llama2cBecomesGgufWithItsTokenizer() throws IOException {
        Path from = stories.resolve("stories260K.bin");
        Path made = gguf(from, WeightMix.F32, "made.gguf");
        Checkpoint original = Checkpoint.load(from, arena), again = Checkpoint.load(made, arena);
        assertThat(again.config()).isEqualTo(original.config());
        assertThat(again.begin()).isEqualTo(original.begin());
        assertThat(again.end()).isEqualTo(original.end());
        original.parameters()
                .forEach((name, t) -> assertThat(again.parameters())
                        .hasEntrySatisfying(
                                name, other -> assertThat(other.toFloats()).isEqualTo(t.toFloats())));
        Tokenizer tokenizer = ModelTokenizer.of(made), theirs = ModelTokenizer.of(from);
        assertThat(tokenizer.frame(tokenizer.encode(TEXT))).isEqualTo(theirs.frame(theirs.encode(TEXT)));
    }

    @Test
    void aFolderAndBack() throws IOException {
        Path from = stories.resolve("stories260K.gguf");
        Path there = folder.resolve("there");
        assertThat(conversion(from, WeightMix.BF16).toFolder(there).types()).isEqualTo("11 F32, 37 BF16");
        Files.writeString(there.resolve("chat_template.jinja"), "{{ messages[0].content }}");
        Path back = gguf(there, WeightMix.F16, "back.gguf");
        assertThat(ModelChat.template(back).orElseThrow().source()).isEqualTo("{{ messages[0].content }}");
        Tokenizer tokenizer = ModelTokenizer.of(back), theirs = ModelTokenizer.of(from);
        assertThat(tokenizer.encode(TEXT)).isEqualTo(theirs.encode(TEXT));
        Tensor q = Checkpoint.load(from, arena).parameters().get("layers.0.attention.q.weight");
        Tensor made = Checkpoint.load(back, arena).floats(arena).parameters().get("layers.0.attention.q.weight");
        assertThat(made).isNotNull();
        assertThat(q).isNotNull();
        if (q == null || made == null) return;
        for (int i = 0; i < q.shape().size(); i++)
            assertThat(made.get(i)).as("number " + i).isCloseTo(q.get(i), within(Math.abs(q.get(i)) / 128));
        Path other = folder.resolve("other");
        conversion(there, WeightMix.F32).toFolder(other);
        assertThat(other.resolve("tokenizer.json")).hasSameBinaryContentAs(there.resolve("tokenizer.json"));
        assertThat(other.resolve("chat_template.jinja")).exists();
    }

    /** Its matrices are stored transposed in folders, and blocks cannot be. */
    @Test
    void aQuantizedGpt2BecomesAFolder() throws IOException {
        var config = TransformerConfig.gpt2(512, 32, 2, 64, 2);
        var model = Transformer.initialise(config, arena, 5);
        ModelFolder.save(
                folder.resolve("gpt2"), new Checkpoint(config, model.parameters(), OptionalInt.of(1), List.of(2)));
        Path file = folder.resolve("gpt2.gguf");
        new Conversion(
                        folder.resolve("gpt2"),
                        stories.resolve("tok512.bin"),
                        WeightMix.Q8_0,
                        false,
                        new DeviceOptions())
                .toGguf(file);
        assertThat(open(file).type("output.weight")).as("written twice").isEqualTo("Q8_0");
        conversion(file, WeightMix.F32).toFolder(folder.resolve("again"));
        Checkpoint again = Checkpoint.load(folder.resolve("again"), arena);
        Tensor up = again.parameters().get("layers.1.feedforward.up.weight");
        Tensor blocks = Checkpoint.load(file, arena).floats(arena).parameters().get("layers.1.feedforward.up.weight");
        assertThat(up).isNotNull();
        assertThat(blocks).isNotNull();
        if (up != null && blocks != null) assertThat(up.toFloats()).isEqualTo(blocks.toFloats());
    }

    @Test
    void blocksAreNotMadeOfBlocksUnasked() throws IOException {
        Path eight = gguf(stories.resolve("stories260K.gguf"), WeightMix.Q8_0, "eight.gguf");
        assertThatThrownBy(() -> gguf(eight, WeightMix.Q4_0, "four.gguf"))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("token_embd.weight is Q8_0 already")
                .hasMessageContaining("; convert the original, or say --requantize");
        assertThat(folder.resolve("four.gguf")).doesNotExist();
        new Conversion(eight, null, WeightMix.Q4_0, true, new DeviceOptions()).toGguf(folder.resolve("four.gguf"));
        assertThat(open(folder.resolve("four.gguf")).type("blk.0.attn_q.weight"))
                .isEqualTo(DType.Q4_0.name());
        assertThat(gguf(eight, WeightMix.Q8_0, "same.gguf")).hasSameBinaryContentAs(eight);
    }

    @Test
    void numbersWithoutBlocksAreNamedAndNothingIsLeft() throws IOException {
        var config = TransformerConfig.llama(512, 32, 1, 64, 2, 2, 64, true);
        var model = Transformer.initialise(config, arena, 5);
        Tensor q = model.parameters().get("layers.0.attention.v.weight");
        assertThat(q).isNotNull();
        if (q != null) q.set(77, Float.NEGATIVE_INFINITY);
        ModelFolder.save(folder.resolve("bad"), new Checkpoint(model));
        Files.copy(stories.resolve("tok512.bin"), folder.resolve("bad/tokenizer.bin"));
        assertThatThrownBy(() -> gguf(folder.resolve("bad"), WeightMix.Q8_0, "bad.gguf"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("blk.0.attn_v.weight: ")
                .hasMessageContaining("-Infinity has no block of Q8_0");
        assertThat(folder.resolve("bad.gguf")).doesNotExist();
    }
}
