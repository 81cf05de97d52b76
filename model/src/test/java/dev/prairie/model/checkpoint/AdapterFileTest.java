package dev.prairie.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.model.transformer.Adapter;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Round trips of adapters, the scales that their files name, and what is refused. */
class AdapterFileTest {
    private static final TransformerConfig BASE = TransformerConfig.llama(29, 40, 2, 32, 4, 2, 64, true);
    private static final String QUERY = "model.layers.0.self_attn.q_proj";

    private final Arena arena = Arena.ofShared();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        arena.close();
    }

    private Tensor numbers(DType type, int... dims) {
        Shape shape = Shape.of(dims);
        var random = new Random(shape.hashCode());
        Tensor t = Tensor.zeros(arena, shape);
        for (long i = 0; i < shape.size(); i++) t.set(i, (float) random.nextGaussian());
        if (type == DType.F32) return t;
        Tensor narrow = Tensor.zeros(arena, type, shape);
        new ReferenceKernels().cast(narrow, t);
        return narrow;
    }

    /** A PEFT folder with one module of rank 4 and what {@code keys} says besides. */
    private Path peft(String keys, Map<String, Tensor> tensors) throws IOException {
        Files.writeString(
                folder.resolve("adapter_config.json"), "{\"peft_type\": \"LORA\", \"lora_alpha\": 8" + keys + "}");
        Safetensors.write(folder.resolve("adapter_model.safetensors"), tensors, Map.of());
        return folder;
    }

    private Map<String, Tensor> query() {
        return pair(QUERY, 4, 32, 32);
    }

    private Map<String, Tensor> pair(String module, int rank, int in, int out) {
        var tensors = new LinkedHashMap<String, Tensor>();
        tensors.put("base_model.model." + module + ".lora_A.weight", numbers(DType.F32, rank, in));
        tensors.put("base_model.model." + module + ".lora_B.weight", numbers(DType.F32, out, rank));
        return tensors;
    }

    private Adapter load(Path path) throws IOException {
        return AdapterFile.load(path, "mine", BASE, arena);
    }

    // ---- what is right -----------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"F32", "BF16", "F16"})
    void whatIsSavedIsReadBack(String type) throws IOException {
        DType stored = DType.valueOf(type);
        var weights = new LinkedHashMap<String, LowRank>();
        BASE.projections().forEach((name, shape) -> {
            int rank = name.contains("down") ? 3 : 5;
            float scale = name.contains("layers.1") ? 0.3f : 2;
            weights.put(
                    name, new LowRank(numbers(stored, rank, shape.dim(1)), numbers(stored, rank, shape.dim(0)), scale));
        });
        AdapterFile.save(folder, new Adapter("mine", weights), BASE);
        Adapter read = load(folder);
        assertThat(read.weights().keySet()).isEqualTo(weights.keySet());
        weights.forEach((name, pair) -> {
            LowRank found = Objects.requireNonNull(read.weights().get(name));
            assertThat(found.scale()).isEqualTo(pair.scale());
            assertThat(found.a().type()).isEqualTo(stored);
            assertThat(found.a().segment().mismatch(pair.a().segment()))
                    .as(name)
                    .isEqualTo(-1);
            assertThat(found.b().segment().mismatch(pair.b().segment()))
                    .as(name)
                    .isEqualTo(-1);
        });
        String said = Files.readString(folder.resolve("adapter_config.json"));
        assertThat(said).contains("\"lora_alpha\" : 10", "\"model.layers.0.mlp.down_proj\" : 3", "\"r\" : 5");
    }

    /** Queries, keys and values stand in one tensor there. */
    @Test
    void joinedProjectionsMustShareTheirA() throws IOException {
        TransformerConfig gpt2 = TransformerConfig.gpt2(29, 40, 1, 16, 2);
        Tensor a = numbers(DType.F32, 2, 16);
        var weights = new LinkedHashMap<String, LowRank>();
        for (String part : List.of("q", "k", "v"))
            weights.put("layers.0.attention." + part + ".weight", new LowRank(a, numbers(DType.F32, 2, 16), 1));
        AdapterFile.save(folder, new Adapter("mine", weights), gpt2);
        Adapter read = AdapterFile.load(folder, "mine", gpt2, arena);
        assertThat(read.weights()).hasSize(3);
        weights.forEach((name, pair) -> assertThat(
                        Objects.requireNonNull(read.weights().get(name)).b().toFloats())
                .isEqualTo(pair.b().toFloats()));
        assertThat(read.bytes()).isEqualTo(4 * (32 + 3 * 32)); // A once
        weights.put("layers.0.attention.k.weight", new LowRank(numbers(DType.F32, 2, 16), a, 1));
        assertThatThrownBy(() -> AdapterFile.save(folder, new Adapter("mine", weights), gpt2))
                .hasMessageContaining("so they must share A, scale and type");
        weights.remove("layers.0.attention.k.weight");
        assertThatThrownBy(() -> AdapterFile.save(folder, new Adapter("mine", weights), gpt2))
                .hasMessageContaining("in one tensor");
    }

    /** alpha / R unless said otherwise; the first pattern that matches counts, and only whole names of modules do. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "'';2",
                ", \"use_rslora\": true;4",
                ", \"alpha_pattern\": {\"q_proj\": 2};0.5",
                ", \"alpha_pattern\": {\"proj\": 2, \"k_proj\": 3};2",
                ", \"alpha_pattern\": {\"self_attn.q_proj\": 4, \"q_proj\": 2};1",
                ", \"alpha_pattern\": {\"^model.layers.0.self_attn.q_proj\": 12};3",
                ", \"alpha_pattern\": {\"^self_attn.q_proj\": 12};2",
                ", \"alpha_pattern\": {\"layers.[0-1].self_attn.(q|v)_proj\": 12};3",
                ", \"alpha_pattern\": {\".*layers\\\\.\\\\d+\\\\..*k_proj\": 12, \".*q_proj\": 6.0};1.5",
                ", \"r\": 9, \"modules_to_save\": null, \"layer_replication\": null, \"use_dora\": false;2",
            })
    void scalesAreWhatPeftMakesOfThem(String keys, float scale) throws IOException {
        Adapter read = load(peft(keys, query()));
        assertThat(read.weights()).containsOnlyKeys("layers.0.attention.q.weight");
        assertThat(read.weights().values().iterator().next().scale()).isEqualTo(scale);
        assertThat(load(folder.resolve("adapter_model.safetensors")).rank()).isEqualTo(4);
    }

    // ---- PEFT, refused -----------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                ", \"use_dora\": true;use_dora: expected false, found true; this kind of adapter is not supported",
                ", \"bias\": \"all\";bias: expected none, found \"all\"",
                ", \"lora_bias\": true;lora_bias: expected false",
                ", \"modules_to_save\": [\"lm_head\"];modules_to_save: expected nothing, found [\"lm_head\"]",
                ", \"layer_replication\": [[0, 2]];layer_replication: expected nothing",
                ", \"trainable_token_indices\": [5];trainable_token_indices: expected nothing",
                ", \"alora_invocation_tokens\": [5];alora_invocation_tokens: expected nothing",
                ", \"alpha_pattern\": {\"(a+)+\": 1};alpha_pattern: expected names, or at most 64 simple expressions",
                ", \"alpha_pattern\": {\"(q\": 1};alpha_pattern: expected names",
                ", \"alpha_pattern\": {\".*.*.*.*.*q_proj\": 1};alpha_pattern: expected names",
                ", \"alpha_pattern\": {\"q_proj\": \"x\"};q_proj: expected a number",
                ", \"alpha_pattern\": {\"q_proj\": 1e300};lora_alpha: expected a scale that is a number",
                ", \"alpha_pattern\": 3;alpha_pattern: expected an object",
                ", \"use_rslora\": 1;use_rslora: expected true or false",
            })
    void kindsThatAreNotSupportedAreNamed(String keys, String message) throws IOException {
        Path path = peft(keys, query());
        assertThatThrownBy(() -> load(path))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(message);
    }

    @Test
    void otherAdaptersAndDamageAreSaid() throws IOException {
        refused("adapter: expected a PEFT folder or a GGUF file, found nothing", folder.resolve("none"));
        refused("adapter_config.json: expected the adapter's configuration, found nothing", folder);
        peft("", query());
        Files.writeString(folder.resolve("adapter_config.json"), "{\"peft_type\": \"IA3\"}");
        refused("peft_type: expected LORA, found \"IA3\"", folder);
        Files.writeString(folder.resolve("adapter_config.json"), "[]");
        refused("expected a JSON object", folder);
        Files.delete(folder.resolve("adapter_model.safetensors"));
        Files.writeString(folder.resolve("adapter_config.json"), "{\"peft_type\": \"LORA\"}");
        refused("expected the adapter's matrices, found nothing; save them as safetensors", folder);
        Files.write(folder.resolve("adapter_model.safetensors"), new byte[] {1, 2, 3});
        refused("expected at least 8 bytes, found 3 bytes", folder);
    }

    private void refused(String message, Path path) {
        assertThatThrownBy(() -> load(path))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(message);
    }

    @Test
    void matricesThatDoNotFitTheBaseAreNamedWithBothShapes() throws IOException {
        String a = "base_model.model." + QUERY + ".lora_A.weight", b = "base_model.model." + QUERY + ".lora_B.weight";
        refused("expected pairs of matrices A and B, found none", peft("", Map.of()));
        refused(a + ": expected (R, 32) by the base, found (4, 16)", peft("", pair(QUERY, 4, 16, 32)));
        refused(b + ": expected (32, 4) by the base, found (64, 4)", peft("", pair(QUERY, 4, 32, 64)));
        refused(
                "layers.7.self_attn.q_proj.weight: expected a projection of the base, which has 2 layers, found none",
                peft("", pair("model.layers.7.self_attn.q_proj", 4, 32, 32)));
        refused(
                "changes to projections of the layers alone, found one to the head",
                peft("", pair("lm_head", 4, 32, 29)));
        var half = query();
        half.remove(b);
        refused(b + ": expected a tensor (32, 4), found nothing", peft("", half));
        half = query();
        half.remove(a);
        refused(a + ": expected a tensor (R, 32), found nothing", peft("", half));
        half = query();
        half.put(b, Tensor.zeros(arena, Shape.of(32, 4, 1)));
        refused(b + ": expected (32, 4) by the base, found (32, 4, 1)", peft("", half));
        half = query();
        half.put(a, Tensor.zeros(arena, DType.I32, Shape.of(4, 32)));
        refused(a + ": expected F32, BF16 or F16, found I32", peft("", half));
        half = query();
        half.put(a, Tensor.zeros(arena, Shape.of(0, 32)));
        half.put(b, Tensor.zeros(arena, Shape.of(32, 0)));
        refused(a + ": expected (R, 32) with R at least 1 by the base, found (0, 32)", peft("", half));
    }

    @ParameterizedTest
    @CsvSource({
        "model.layers.0.self_attn.q_proj.lora_magnitude_vector, a magnitude of DoRA",
        "model.embed_tokens.lora_embedding_A, a change to a table",
        "lm_head.weight, another tensor",
        "model.layers.0.self_attn.q_proj.lora_B.bias, another tensor"
    })
    void otherTensorsAreRefused(String name, String kind) throws IOException {
        var tensors = query();
        tensors.put("base_model.model." + name, numbers(DType.F32, 4, 4));
        refused(
                "base_model.model." + name + ": expected matrices lora_A and lora_B alone, found " + kind,
                peft("", tensors));
    }

    // ---- GGUF --------------------------------------------------------------------------------------------------

    private Path gguf(Map<String, GgufValue> other, List<TensorEntry> tensors) throws IOException {
        var values = new LinkedHashMap<String, GgufValue>();
        values.put("general.type", GgufValue.of("adapter"));
        values.put("adapter.type", GgufValue.of("lora"));
        values.put("general.architecture", GgufValue.of("qwen2"));
        values.put("adapter.lora.alpha", GgufValue.of(8f));
        values.putAll(other);
        Path file = folder.resolve("adapter.gguf");
        GgufWriter.write(file, values, tensors);
        return file;
    }

    private List<TensorEntry> down(DType type, int rank, int in) {
        return new ArrayList<>(List.of(
                TensorEntry.of("blk.1.ffn_down.weight.lora_a", numbers(type, rank, in)),
                TensorEntry.of("blk.1.ffn_down.weight.lora_b", numbers(type, 32, rank))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "Q8_0"})
    void ggufFilesAreRead(String type) throws IOException {
        DType stored = DType.valueOf(type);
        Adapter read = load(gguf(Map.of(), down(stored, 32, 64)));
        LowRank pair = read.weights().get("layers.1.feedforward.down.weight");
        assertThat(Objects.requireNonNull(pair).scale()).isEqualTo(0.25f);
        float[] b = FloatCopy.of(numbers(stored, 32, 32), arena).toFloats();
        float[] found = FloatCopy.of(pair.b(), arena).toFloats();
        for (int o = 0; o < 32; o++)
            for (int k = 0; k < 32; k++) assertThat(found[k * 32 + o]).isEqualTo(b[o * 32 + k]);
        assertThat(FloatCopy.of(pair.a(), arena).toFloats())
                .isEqualTo(FloatCopy.of(numbers(stored, 32, 64), arena).toFloats());
        Adapter unscaled = load(gguf(Map.of("adapter.lora.alpha", GgufValue.of(0f)), down(stored, 32, 64)));
        assertThat(unscaled.weights().values().iterator().next().scale()).isEqualTo(1);
    }

    @Test
    void otherGgufFilesAreRefused() throws IOException {
        var good = down(DType.F32, 4, 64);
        refused(
                "general.type: expected adapter, found model",
                gguf(Map.of("general.type", GgufValue.of("model")), good));
        refused("adapter.type: expected lora, found x", gguf(Map.of("adapter.type", GgufValue.of("x")), good));
        refused(
                "general.architecture: expected one of",
                gguf(Map.of("general.architecture", GgufValue.of("mamba")), good));
        refused(
                "adapter.lora.alpha: expected a finite number, found NaN",
                gguf(Map.of("adapter.lora.alpha", GgufValue.of(Float.NaN)), good));
        refused(
                "adapter.alora.invocation_tokens: expected nothing",
                gguf(Map.of("adapter.alora.invocation_tokens", GgufValue.ints(3)), good));
        refused(
                "blk.1.ffn_down.weight.lora_a: expected (R, 64) by the base, found (4, 32)",
                gguf(Map.of(), down(DType.F32, 4, 32)));
        var more = down(DType.F32, 4, 64);
        more.add(TensorEntry.of("blk.0.attn_norm.weight", numbers(DType.F32, 32)));
        refused("blk.0.attn_norm.weight: expected matrices lora_a and lora_b alone", gguf(Map.of(), more));
        refused(
                "token_embd.weight: expected changes to projections of the layers alone, found one to the table of tokens",
                gguf(
                        Map.of(),
                        List.of(
                                TensorEntry.of("token_embd.weight.lora_a", numbers(DType.F32, 4, 32)),
                                TensorEntry.of("token_embd.weight.lora_b", numbers(DType.F32, 29, 4)))));
    }
}
