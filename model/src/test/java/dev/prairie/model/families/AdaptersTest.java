package dev.prairie.model.families;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.checkpoint.AdapterFile;
import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.checkpoint.GgufValue;
import dev.prairie.model.checkpoint.GgufWriter;
import dev.prairie.model.checkpoint.Safetensors;
import dev.prairie.model.checkpoint.TensorEntry;
import dev.prairie.model.families.PlainModel.Weight;
import dev.prairie.model.transformer.Adapter;
import dev.prairie.model.transformer.HeadForm;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.device.Kernels;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Adapters of every family, as PEFT and llama.cpp write them, beside plain loops over weights into which they were merged
 * by hand: names, transposed and joined matrices, rows in another order, experts.
 */
class AdaptersTest {
    private static final int RANK = 3, ALPHA = 6;
    private static final double TOLERANCE = 5e-5;

    /** Of one module: A (R, C) and B (O, R). */
    private record Pair(Weight a, Weight b) {}

    private final Arena arena = Arena.ofShared();
    private final Slab slab = new Slab();
    private final int[] ids = new Random(11).ints(17, 0, 31).toArray();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        slab.close();
        arena.close();
    }

    static Stream<String> families() {
        return StreamSupport.stream(TinyFamily.names().spliterator(), false);
    }

    @ParameterizedTest
    @MethodSource("families")
    void anAdapterIsWhatItMeansMerged(String name) throws IOException {
        TinyFamily family = TinyFamily.named(name);
        Map<String, Weight> weights = family.weights(5);
        boolean columns = name.equals("gpt2"); // (C, O) there
        Map<String, Pair> pairs = pairs(weights, columns);
        double[][] expected = new PlainModel(family.config(), merged(weights, pairs, columns)).run(ids);
        double[][] base = new PlainModel(family.config(), weights).run(ids);

        Transformer model = Checkpoint.load(safetensors(family, weights), arena).transformer();
        Adapter adapter = AdapterFile.load(peft(pairs), "mine", model.config(), arena);
        assertThat(adapter.rank()).isEqualTo(RANK);
        for (Devices.Usable device : Devices.probe().usable())
            try (Device opened = device.provider().open(2)) {
                same(run(opened.kernels(), model.withAdapters(List.of(adapter)), 1), expected);
                same(run(opened.kernels(), model.withAdapters(List.of(adapter)), 0), base);
            }
        if (name.equals("llama dynamic")) return; // GGUF has no words for it
        var spelling = new GgufSpelling(family.config(), weights);
        Path file = folder.resolve("base.gguf");
        GgufWriter.write(file, spelling.metadata(), spelling.tensors());
        Transformer other = Checkpoint.load(file, arena).transformer();
        Adapter same = AdapterFile.load(gguf(family, pairs, columns), "mine", other.config(), arena);
        try (Device device = Devices.probe().usable().getFirst().provider().open(2)) {
            same(run(device.kernels(), other.withAdapters(List.of(same)), 1), expected);
        }
    }

    private Map<String, Pair> pairs(Map<String, Weight> weights, boolean columns) {
        var random = new Random(9);
        var pairs = new LinkedHashMap<String, Pair>();
        weights.forEach((name, w) -> {
            // The gate of a shared expert is a vector in GGUF files.
            if (w.shape().length != 2 || !name.matches(".*\\.\\d+\\..*") || name.contains("shared_expert_gate")) return;
            int out = w.shape()[columns ? 1 : 0], in = w.shape()[columns ? 0 : 1];
            Weight a = new Weight(new int[] {RANK, in}, numbers(random, RANK * in));
            Weight b = new Weight(new int[] {out, RANK}, numbers(random, out * RANK));
            pairs.put(name.substring(0, name.length() - ".weight".length()), new Pair(a, b));
        });
        return pairs;
    }

    private static float[] numbers(Random random, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) numbers[i] = (float) (0.15 * random.nextGaussian());
        return numbers;
    }

    /** {@code W + alpha / R · B A}. */
    private static Map<String, Weight> merged(Map<String, Weight> weights, Map<String, Pair> pairs, boolean columns) {
        var merged = new LinkedHashMap<>(weights);
        pairs.forEach((module, pair) -> merged.computeIfPresent(module + ".weight", (name, w) -> {
            float[] sum = w.values().clone();
            int in = pair.a.shape()[1], out = pair.b.shape()[0];
            for (int o = 0; o < out; o++)
                for (int i = 0; i < in; i++) {
                    double change = 0;
                    for (int k = 0; k < RANK; k++)
                        change +=
                                (double) pair.b.values()[o * RANK + k] * pair.a.values()[k * in + i];
                    sum[columns ? i * out + o : o * in + i] += (float) (change * ALPHA / RANK);
                }
            return new Weight(w.shape(), sum);
        }));
        return merged;
    }

    private Path safetensors(TinyFamily family, Map<String, Weight> weights) throws IOException {
        Path to = Files.createDirectories(folder.resolve("base"));
        Files.writeString(to.resolve("config.json"), family.json());
        Safetensors.write(to.resolve("model.safetensors"), tensors(weights), Map.of());
        return to;
    }

    private Map<String, Tensor> tensors(Map<String, Weight> weights) {
        var tensors = new LinkedHashMap<String, Tensor>();
        weights.forEach((name, w) -> tensors.put(name, Tensor.of(arena, Shape.of(w.shape()), w.values())));
        return tensors;
    }

    private Path peft(Map<String, Pair> pairs) throws IOException {
        Path to = Files.createDirectories(folder.resolve("adapter"));
        Files.writeString(
                to.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"r\": %d, \"lora_alpha\": %d, \"bias\": \"none\"}".formatted(RANK, ALPHA));
        var weights = new LinkedHashMap<String, Weight>();
        pairs.forEach((module, pair) -> {
            weights.put("base_model.model." + module + ".lora_A.weight", pair.a);
            weights.put("base_model.model." + module + ".lora_B.weight", pair.b);
        });
        Safetensors.write(to.resolve("adapter_model.safetensors"), tensors(weights), Map.of());
        return to;
    }

    /** B's rows go where the weight's rows go; A's columns stay. */
    private Path gguf(TinyFamily family, Map<String, Pair> pairs, boolean columns) throws IOException {
        ObjectNode plain = (ObjectNode) family.config();
        if (!columns) plain.put("model_type", "qwen2"); // whose rows stay where they are
        var a = new LinkedHashMap<String, Weight>();
        var b = new LinkedHashMap<String, Weight>();
        pairs.forEach((module, pair) -> {
            a.put(module + ".weight", columns ? turned(pair.a) : pair.a);
            b.put(module + ".weight", columns ? turned(pair.b) : pair.b);
        });
        var tensors = new ArrayList<TensorEntry>();
        JsonNode config = family.config();
        for (TensorEntry e : matrices(plain, a))
            tensors.add(new TensorEntry(e.name() + ".lora_a", e.type(), e.shape(), e.content()));
        for (TensorEntry e : matrices(config, b))
            tensors.add(new TensorEntry(e.name() + ".lora_b", e.type(), e.shape(), e.content()));
        var values = new LinkedHashMap<String, GgufValue>();
        values.putAll(new GgufSpelling(config, Map.of()).metadata()); // as the base says, and more than is read
        values.put("general.type", GgufValue.of("adapter"));
        values.put("adapter.type", GgufValue.of("lora"));
        values.put("adapter.lora.alpha", GgufValue.of((float) ALPHA));
        Path file = folder.resolve("adapter.gguf");
        GgufWriter.write(file, values, tensors);
        return file;
    }

    private static List<TensorEntry> matrices(JsonNode config, Map<String, Weight> weights) {
        return new GgufSpelling(config, weights)
                .tensors().stream().filter(e -> !e.name().startsWith("rope_")).toList();
    }

    private static Weight turned(Weight w) {
        int rows = w.shape()[0], width = w.shape()[1];
        float[] out = new float[w.values().length];
        for (int r = 0; r < rows; r++) for (int i = 0; i < width; i++) out[i * rows + r] = w.values()[r * width + i];
        return new Weight(new int[] {width, rows}, out);
    }

    private float[] run(Kernels kernels, Transformer model, int adapter) {
        slab.reset();
        var ops = new Ops(kernels, slab);
        Tokens tokens = Tokens.sequence(0, ids).withAdapter(adapter);
        boolean encoder = model.config().head().kind() == HeadForm.Kind.NONE;
        Tensor out = encoder ? model.hidden(ops, tokens, KvCache.NONE) : model.forward(ops, tokens, KvCache.NONE);
        return out.toFloats();
    }

    private static void same(float[] found, double[][] expected) {
        int width = expected[0].length;
        assertThat(found).hasSize(width * expected.length);
        for (int i = 0; i < found.length; i++) {
            double e = expected[i / width][i % width];
            assertThat((double) found[i]).as("[%d]", i).isCloseTo(e, within(TOLERANCE * (1 + Math.abs(e))));
        }
    }
}
