package dev.prairie.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.model.transformer.TransformerConfig.Activation;
import dev.prairie.model.transformer.TransformerConfig.Norm;
import dev.prairie.model.transformer.TransformerConfig.Positions;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFolderTest {
    private static final String GPT2_CONFIG = """
            {"model_type": "gpt2", "n_embd": 6, "n_layer": 1, "n_head": 2, "n_positions": 5, "n_inner": null,
             "layer_norm_epsilon": 1e-05, "vocab_size": 7, "activation_function": "gelu_new", "n_ctx": 5,
             "attn_pdrop": 0.1, "bos_token_id": 6, "eos_token_id": 6}
            """;

    private final Arena arena = Arena.ofShared();
    private final ReferenceKernels kernels = new ReferenceKernels();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        arena.close();
    }

    private static TransformerConfig llama(boolean biases, boolean tied, boolean queryKeyNorm) {
        return new TransformerConfig(
                29,
                20,
                2,
                16,
                4,
                2,
                6,
                22,
                Norm.RMS,
                Positions.ROPE,
                Activation.SWIGLU,
                biases,
                tied,
                queryKeyNorm,
                5e5f,
                1e-6f);
    }

    private static TransformerConfig config(String form) {
        TransformerConfig g = TransformerConfig.gpt2(29, 20, 3, 15, 3);
        return switch (form) {
            case "gpt2" -> g;
            case "gpt2 untied, F not 4 C" ->
                new TransformerConfig(
                        29,
                        20,
                        3,
                        15,
                        3,
                        3,
                        5,
                        22,
                        g.norm(),
                        g.positions(),
                        g.activation(),
                        true,
                        false,
                        false,
                        g.theta(),
                        1e-6f);
            case "llama" -> llama(false, true, false);
            case "llama untied with biases" -> llama(true, false, false);
            case "qwen3" -> llama(false, false, true);
            case "qwen3 with biases" -> llama(true, true, true);
            default -> throw new IllegalArgumentException(form);
        };
    }

    /** Nothing is zero or one, so that nothing can be mistaken for something else. */
    private Checkpoint model(TransformerConfig config) {
        Random random = new Random(7);
        Transformer model = Transformer.initialise(config, arena, 3);
        for (Tensor t : model.parameters().values())
            for (long i = 0; i < t.shape().size(); i++) t.set(i, (float) random.nextGaussian());
        return new Checkpoint(config, model.parameters(), OptionalInt.of(3), List.of(4, 5));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gpt2",
                "gpt2 untied, F not 4 C",
                "llama",
                "llama untied with biases",
                "qwen3",
                "qwen3 with biases"
            })
    void loadsWhatItSaved(String form) throws IOException {
        Checkpoint saved = model(config(form));
        ModelFolder.save(folder, saved);
        for (Path path : List.of(folder, folder.resolve("model.safetensors"))) {
            Checkpoint loaded = Checkpoint.load(path, arena);
            assertThat(loaded.config()).isEqualTo(saved.config());
            assertThat(loaded.begin()).hasValue(3);
            assertThat(loaded.end()).containsExactly(4, 5);
            assertThat(loaded.parameters().keySet())
                    .containsExactlyElementsOf(saved.parameters().keySet());
            saved.parameters().forEach((name, t) -> {
                assertThat(found(loaded.parameters(), name).segment().mismatch(t.segment()))
                        .as(name)
                        .isEqualTo(-1);
            });
            assertThat(loaded.transformer().config()).isEqualTo(saved.config());
        }
    }

    @Test
    void aLoadedModelCanBeMadeWritable() throws IOException {
        ModelFolder.save(folder, model(config("llama")));
        Checkpoint mapped = Checkpoint.load(folder, arena);
        Tensor norm = found(mapped.parameters(), "norm.weight");
        assertThat(norm.segment().isReadOnly()).isTrue();
        Tensor copy = found(mapped.writable(arena).parameters(), "norm.weight");
        copy.set(0, 42);
        assertThat(copy.get(0)).isEqualTo(42);
        assertThat(copy.get(1)).isEqualTo(norm.get(1));
    }

    @ParameterizedTest
    @CsvSource({"BF16, bfloat16", "F16, float16"})
    void keepsNarrowWeightsMappedAndSavesThemSo(DType type, String word) throws IOException {
        Checkpoint wide = model(config("llama"));
        var narrow = new LinkedHashMap<String, Tensor>();
        wide.parameters().forEach((name, t) -> {
            Tensor cast = Tensor.zeros(arena, type, t.shape());
            kernels.cast(cast, t);
            narrow.put(name, t.shape().rank() == 1 ? t : cast);
        });
        ModelFolder.save(folder, new Checkpoint(wide.config(), narrow, OptionalInt.empty(), List.of()));
        assertThat(Files.readString(folder.resolve("config.json"))).contains("\"torch_dtype\" : \"" + word + "\"");
        Checkpoint loaded = Checkpoint.load(folder, arena);
        narrow.forEach((name, t) -> {
            Tensor found = found(loaded.parameters(), name);
            assertThat(found).hasToString(t.toString());
            assertThat(found.segment().isReadOnly()).as(name).isTrue();
            assertThat(found.segment().mismatch(t.segment())).as(name).isEqualTo(-1);
        });
        Tensor writable = found(loaded.writable(arena).parameters(), "tokens.weight");
        assertThat(writable.type()).isEqualTo(DType.F32);
        assertThat(writable.segment().isReadOnly()).isFalse();
    }

    @Test
    void whatItsMakerGeneratesWithSaysWhatEndsAText() throws IOException {
        ModelFolder.save(folder, model(config("llama")));
        Path file = folder.resolve("generation_config.json");
        Files.writeString(file, "{\"eos_token_id\": [7, 8, 9], \"temperature\": 0.6}");
        assertThat(Checkpoint.load(folder, arena).end()).containsExactly(7, 8, 9);
        Files.writeString(file, "{\"eos_token_id\": 7}");
        assertThat(Checkpoint.load(folder, arena).end()).containsExactly(7);
        Files.writeString(file, "{}");
        assertThat(Checkpoint.load(folder, arena).end()).containsExactly(4, 5);
        for (String bad :
                List.of("{\"eos_token_id\": [-1]}", "{\"eos_token_id\": \"7\"}", "{\"eos_token_id\": 1e300}", "[")) {
            Files.writeString(file, bad);
            assertThatThrownBy(() -> Checkpoint.load(folder, arena))
                    .as(bad)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("generation_config.json");
        }
    }

    @Test
    void saysWhichFormsHaveNoFamily() {
        TransformerConfig g = config("gpt2");
        var odd = new TransformerConfig(
                29,
                20,
                1,
                15,
                3,
                3,
                5,
                22,
                Norm.LAYER,
                Positions.LEARNED,
                Activation.SWIGLU,
                true,
                false,
                false,
                g.theta(),
                1e-6f);
        assertThatThrownBy(() -> ModelFolder.save(folder, new Checkpoint(Transformer.initialise(odd, arena, 1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no Hugging Face family has the form")
                .hasMessageContaining("use the GPT-2 form");
    }

    // ---- the layout of others ---------------------------------------------------------------------------------

    @Test
    void storesGpt2AsConv1D() throws IOException {
        Checkpoint saved = model(config("gpt2"));
        ModelFolder.save(folder, saved);
        Safetensors file = Safetensors.open(folder, arena);
        assertThat(file.names())
                .hasSize(2 + 3 * 12 + 2)
                .contains("transformer.wte.weight", "transformer.h.2.attn.c_attn.bias", "transformer.ln_f.bias");
        Tensor fused = file.tensor("transformer.h.1.attn.c_attn.weight"); // (C, 3 C)
        assertThat(fused.shape()).isEqualTo(Shape.of(15, 45));
        String[] parts = {"q", "k", "v"};
        for (int p = 0; p < 3; p++) {
            Tensor ours = found(saved.parameters(), "layers.1.attention." + parts[p] + ".weight");
            Tensor bias = found(saved.parameters(), "layers.1.attention." + parts[p] + ".bias");
            for (int o = 0; o < 15; o++) {
                assertThat(file.tensor("transformer.h.1.attn.c_attn.bias").get(15 * p + o))
                        .isEqualTo(bias.get(o));
                for (int i = 0; i < 15; i++)
                    assertThat(fused.get(i * 45 + 15 * p + o)).isEqualTo(ours.get(o * 15 + i));
            }
        }
        assertThat(file.shape("transformer.h.0.mlp.c_fc.weight")).hasValue(Shape.of(15, 60));
        assertThat(file.shape("transformer.h.0.mlp.c_proj.weight")).hasValue(Shape.of(60, 15));
        assertThat(Files.readString(folder.resolve("config.json")))
                .contains("\"model_type\" : \"gpt2\"", "\"n_inner\" : 60", "\"GPT2LMHeadModel\"");
    }

    /** As the first GPT-2 files were: no prefix, masks saved too. */
    private Map<String, Tensor> theirs(Checkpoint ours) {
        var theirs = new LinkedHashMap<String, Tensor>();
        try {
            ModelFolder.save(folder.resolve("first"), ours);
            Safetensors file = Safetensors.open(folder.resolve("first"), arena);
            for (String name : file.names()) theirs.put(name.replace("transformer.", ""), file.tensor(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return theirs;
    }

    private Path write(Map<String, Tensor> tensors, String config) throws IOException {
        Files.writeString(folder.resolve("config.json"), config);
        Safetensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
        return folder;
    }

    private Checkpoint small() {
        return model(TransformerConfig.gpt2(7, 5, 1, 6, 2));
    }

    @ParameterizedTest
    @CsvSource({"F32, 0", "BF16, 4e-3", "F16, 5e-4"})
    void loadsFilesWithoutPrefixWithMasksInAnyType(DType type, double off) throws IOException {
        Checkpoint ours = small();
        var tensors = new LinkedHashMap<String, Tensor>();
        theirs(ours).forEach((name, t) -> {
            Tensor narrow = Tensor.zeros(arena, type, t.shape());
            kernels.cast(narrow, t);
            tensors.put(name, narrow);
        });
        tensors.put("h.0.attn.bias", Tensor.zeros(arena, Shape.of(1, 1, 5, 5)));
        tensors.put("h.0.attn.masked_bias", Tensor.zeros(arena, Shape.of(1)));
        Checkpoint loaded = ModelFolder.load(write(tensors, GPT2_CONFIG), arena);
        assertThat(loaded.config()).isEqualTo(ours.config());
        assertThat(loaded.begin()).hasValue(6);
        assertThat(loaded.end()).containsExactly(6);
        assertThat(found(loaded.parameters(), "layers.0.attention.q.weight").type())
                .isEqualTo(type);
        assertThat(found(loaded.parameters(), "norm.weight").type()).isEqualTo(DType.F32);
        Checkpoint floats = loaded.floats(arena);
        ours.parameters().forEach((name, t) -> {
            float[] found = found(floats.parameters(), name).toFloats();
            for (int i = 0; i < found.length; i++)
                assertThat((double) Math.abs(found[i] - t.get(i)))
                        .as("%s[%d]", name, i)
                        .isLessThanOrEqualTo(off * Math.abs(t.get(i)));
        });
    }

    @Test
    void namesWhatIsMissingMisshapenOrTooMuch() throws IOException {
        Map<String, Tensor> tensors = theirs(small());
        Tensor norm = Objects.requireNonNull(tensors.remove("h.0.ln_2.bias"));
        refused(tensors, GPT2_CONFIG, "h.0.ln_2.bias: expected a tensor (6), found nothing");
        tensors.put("h.0.ln_2.bias", Tensor.zeros(arena, Shape.of(5)));
        refused(tensors, GPT2_CONFIG, "h.0.ln_2.bias: expected shape (6) by config.json, found (5)");
        tensors.put("h.0.ln_2.bias", Tensor.zeros(arena, DType.I32, Shape.of(6)));
        refused(tensors, GPT2_CONFIG, "h.0.ln_2.bias: expected F32, BF16 or F16, found I32");
        tensors.put("h.0.ln_2.bias", norm);
        tensors.put("h.1.ln_1.bias", norm);
        tensors.put("surprise", norm);
        refused(tensors, GPT2_CONFIG, "found 2 of them, first h.1.ln_1.bias");
        tensors.remove("h.1.ln_1.bias");
        tensors.remove("surprise");
        // Weights in the other orientation are as many numbers, and other ones.
        Tensor up = Objects.requireNonNull(tensors.get("h.0.mlp.c_fc.weight"));
        tensors.put("h.0.mlp.c_fc.weight", up.view(Shape.of(24, 6)));
        refused(tensors, GPT2_CONFIG, "h.0.mlp.c_fc.weight: expected shape (6, 24) by config.json, found (24, 6)");
        tensors.put("h.0.mlp.c_fc.weight", up);
        refused(
                tensors,
                GPT2_CONFIG.replace("\"n_layer\": 1", "\"n_layer\": 2000000000"),
                "layers: expected 2000000000");
        assertThatCode(() -> ModelFolder.load(write(tensors, GPT2_CONFIG), arena))
                .doesNotThrowAnyException();
    }

    @Test
    void aTiedHeadMayBeWrittenTwiceButNotDifferently() throws IOException {
        Map<String, Tensor> tensors = theirs(small());
        Tensor table = Objects.requireNonNull(tensors.get("wte.weight"));
        tensors.put("lm_head.weight", table);
        assertThatCode(() -> ModelFolder.load(write(tensors, GPT2_CONFIG), arena))
                .doesNotThrowAnyException();
        tensors.put("lm_head.weight", Tensor.zeros(arena, table.shape()));
        refused(tensors, GPT2_CONFIG, "lm_head.weight: expected nothing or a copy of the token table");
        String untied = GPT2_CONFIG.replace("{", "{\"tie_word_embeddings\": false,");
        assertThat(ModelFolder.load(write(tensors, untied), arena).config().tiedHead())
                .isFalse();
    }

    private void refused(Map<String, Tensor> tensors, String config, String message) throws IOException {
        write(tensors, config);
        assertThatThrownBy(() -> ModelFolder.load(folder, arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("model.safetensors: ")
                .hasMessageContaining(message);
    }

    // ---- config.json ------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "gpt2\"           | bert\"                          | model_type: expected gpt2, llama or qwen3, found \"bert\"",
                "\"n_embd\": 6    | \"n_embd\": \"6\"               | n_embd: expected a whole number from 0 up, found \"6\"",
                "\"n_embd\": 6    | \"n_embd\": 6.5                 | n_embd: expected a whole number from 0 up, found 6.5",
                "\"n_embd\": 6    | \"n_embd\": 99999999999         | n_embd: expected at most 2147483647, found 99999999999",
                "\"n_embd\": 6    | \"n_embd\": 2147483646          | config.json",
                "\"n_head\": 2    | \"n_head\": 0                   | n_head: expected a divisor of n_embd 6, found 0",
                "\"n_head\": 2    | \"n_head\": 4                   | n_head: expected a divisor of n_embd 6, found 4",
                "\"n_layer\": 1   | \"n_layer\": 0                  | layers is 0, must be at least 1",
                "gelu_new         | gelu                            | activation_function: expected one of",
                "{\"model_type\"  | {\"scale_attn_by_inverse_layer_idx\": true, \"model_type\" | scale_attn_by_inverse_layer_idx: expected false, found true",
                "1e-05            | \"small\"                       | layer_norm_epsilon: expected a number, found \"small\"",
                "6}               | 6                               | config.json: expected a JSON object",
            })
    void refusesAnImpossibleConfig(String from, String to, String message) throws IOException {
        String config = GPT2_CONFIG.replace(from, to);
        assertThat(config).isNotEqualTo(GPT2_CONFIG);
        write(theirs(small()), config);
        assertThatThrownBy(() -> ModelFolder.load(folder, arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "\"hidden_act\": \"gelu\"                                  | hidden_act: expected silu, found \"gelu\"",
                "\"attention_bias\": true                                  | attention_bias: expected the same as mlp_bias",
                "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4} | rope_scaling: expected none",
                "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 4}   | rope_scaling: expected none",
                "\"rope_parameters\": {\"rope_type\": \"llama3\"}          | rope_scaling: expected none",
                "\"use_sliding_window\": true                              | use_sliding_window: expected false",
                "\"head_dim\": 1000000000                                  | expected heads that fit in a tensor, found 4000000000",
                "\"num_key_value_heads\": 3                                | heads 4 is not a multiple of keyHeads 3",
            })
    void refusesWhatItCannotCompute(String key, String message) throws IOException {
        Path file = Files.writeString(
                folder.resolve("config.json"),
                "{\"model_type\": \"llama\", \"hidden_size\": 16, \"num_attention_heads\": 4, " + key + "}");
        assertThatThrownBy(() -> ConfigFile.read(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(message);
    }

    @Test
    void readsTheConfigsOfOthers() throws IOException {
        Path file = folder.resolve("config.json");
        Files.writeString(file, """
                {"architectures": ["Qwen3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
                 "bos_token_id": 151643, "eos_token_id": [151645, 151643], "head_dim": 128, "hidden_act": "silu",
                 "hidden_size": 1024, "intermediate_size": 3072, "max_position_embeddings": 40960,
                 "model_type": "qwen3", "num_attention_heads": 16, "num_hidden_layers": 28,
                 "num_key_value_heads": 8, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000,
                 "sliding_window": null, "tie_word_embeddings": true, "use_sliding_window": false,
                 "vocab_size": 151936}""");
        ConfigFile qwen = ConfigFile.read(file);
        assertThat(qwen.config())
                .isEqualTo(new TransformerConfig(
                        151936,
                        40960,
                        28,
                        1024,
                        16,
                        8,
                        128,
                        3072,
                        Norm.RMS,
                        Positions.ROPE,
                        Activation.SWIGLU,
                        false,
                        true,
                        true,
                        1e6f,
                        1e-6f));
        assertThat(qwen.begin()).hasValue(151643);
        assertThat(qwen.end()).containsExactly(151645, 151643);
        Files.writeString(file, """
                {"model_type": "llama", "hidden_size": 2048, "intermediate_size": 5632, "num_attention_heads": 32,
                 "num_hidden_layers": 22, "num_key_value_heads": 4, "rms_norm_eps": 1e-05, "vocab_size": 32000,
                 "rope_parameters": {"rope_theta": 20000.0, "rope_type": "default"}}""");
        TransformerConfig llama = ConfigFile.read(file).config();
        assertThat(llama.theta()).isEqualTo(20000);
        assertThat(llama.headWidth()).isEqualTo(64);
        assertThat(llama.context()).isEqualTo(2048);
        assertThat(llama.tiedHead()).isFalse();
    }

    // ---- damage -----------------------------------------------------------------------------------------------

    @Test
    void noFlippedBitInEitherFileIsBelieved() throws IOException {
        ModelFolder.save(folder, small());
        Random random = new Random(5);
        for (String name : List.of("config.json", "model.safetensors")) {
            Path file = folder.resolve(name);
            byte[] bytes = Files.readAllBytes(file);
            int key = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(Checksum.KEY);
            for (int round = 0; round < 400; round++) {
                int bit = random.nextInt(bytes.length * 8);
                // In the name of the sum it leaves nothing to check, but then all else is as it was.
                if (bit / 8 >= key && bit / 8 < key + Checksum.KEY.length()) continue;
                byte[] flipped = bytes.clone();
                flipped[bit / 8] ^= (byte) (1 << bit % 8);
                Files.write(file, flipped);
                assertThatThrownBy(() -> Checkpoint.load(folder, arena))
                        .as("%s bit %d", name, bit)
                        .isInstanceOf(CheckpointException.class)
                        .hasMessageContaining(name);
            }
            Files.write(file, bytes);
        }
        assertThatCode(() -> Checkpoint.load(folder, arena)).doesNotThrowAnyException();
    }

    @Test
    void aConfigChangedOnPurposeIsReadWithoutItsSum() throws IOException {
        ModelFolder.save(folder, model(config("llama")));
        Path file = folder.resolve("config.json");
        String text = Files.readString(file).replace("500000.0", "1000000.0");
        Files.writeString(file, text);
        assertThatThrownBy(() -> Checkpoint.load(folder, arena))
                .hasMessageContaining("if that was on purpose, remove the line prairie.sha256");
        Files.writeString(file, text.replaceAll(",\\s*\"prairie.sha256\" : \"\\w+\"", ""));
        assertThat(Checkpoint.load(folder, arena).config().theta()).isEqualTo(1e6f);
    }

    @Test
    void refusesWhatIsNotThereOrCutOff() throws IOException {
        assertThatThrownBy(() -> Checkpoint.load(folder.resolve("none"), arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("none: model: expected a folder or a file, found nothing; check the path");
        assertThatThrownBy(() -> Checkpoint.load(folder, arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("config.json: expected the model's configuration, found nothing");
        ModelFolder.save(folder, small());
        Path weights = folder.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        Files.write(weights, Arrays.copyOf(bytes, bytes.length - 4));
        assertThatThrownBy(() -> Checkpoint.load(folder, arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("model.safetensors");
        Files.delete(weights);
        assertThatThrownBy(() -> Checkpoint.load(folder, arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("model.safetensors: file: expected a safetensors file, found nothing");
    }

    private static Tensor found(Map<String, Tensor> map, String name) {
        return Objects.requireNonNull(map.get(name), name);
    }
}
