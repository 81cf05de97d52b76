package dev.prairie.model.families;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.checkpoint.GgufModel;
import dev.prairie.model.checkpoint.GgufWriter;
import dev.prairie.model.checkpoint.ModelFolder;
import dev.prairie.model.checkpoint.Safetensors;
import dev.prairie.model.families.PlainModel.Weight;
import dev.prairie.model.generate.Embedder;
import dev.prairie.model.generate.Generator;
import dev.prairie.model.transformer.HeadForm;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.device.Kernels;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every family, in both layouts, against plain loops that share nothing with what they check. */
class FamiliesTest {
    private static final int TOKENS = 17;

    /** F32 through a few layers, against doubles. */
    private static final double TOLERANCE = 5e-5;

    private final Arena arena = Arena.ofShared();
    private final Slab slab = new Slab();
    private final ReferenceKernels reference = new ReferenceKernels();

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

    static Stream<String> decoders() {
        return families().filter(name -> !name.equals("bert"));
    }

    private static int[] ids(int n) {
        return new Random(11).ints(n, 0, 31).toArray();
    }

    private Path safetensors(TinyFamily family, Map<String, Weight> weights) throws IOException {
        Path to = Files.createDirectories(folder.resolve("theirs"));
        var tensors = new LinkedHashMap<String, Tensor>();
        weights.forEach((name, w) -> tensors.put(name, Tensor.of(arena, Shape.of(w.shape()), w.values())));
        Files.writeString(to.resolve("config.json"), family.json());
        Safetensors.write(to.resolve("model.safetensors"), tensors, Map.of());
        return to;
    }

    private Path gguf(TinyFamily family, Map<String, Weight> weights) throws IOException {
        Path to = folder.resolve("theirs.gguf");
        var spelling = new GgufSpelling(family.config(), weights);
        GgufWriter.write(to, spelling.metadata(), spelling.tensors());
        return to;
    }

    /** Logits, or the hidden states of an encoder. */
    private float[] run(Kernels kernels, Transformer model, Tokens tokens, KvCache cache) {
        slab.reset();
        var ops = new Ops(kernels, slab);
        boolean encoder = model.config().head().kind() == HeadForm.Kind.NONE;
        Tensor out = encoder ? model.hidden(ops, tokens, cache) : model.forward(ops, tokens, cache);
        return out.toFloats();
    }

    private float[] run(Checkpoint checkpoint, int[] ids) {
        return run(reference, checkpoint.transformer(), Tokens.sequence(0, ids), KvCache.NONE);
    }

    private static void same(float[] found, double[][] expected) {
        int width = expected[0].length;
        assertThat(found).hasSize(width * expected.length);
        for (int i = 0; i < found.length; i++) {
            double e = expected[i / width][i % width];
            assertThat((double) found[i]).as("[%d]", i).isCloseTo(e, within(TOLERANCE * (1 + Math.abs(e))));
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void bothLayoutsComputeWhatTheFamilyMeans(String name) throws IOException {
        TinyFamily family = TinyFamily.named(name);
        Map<String, Weight> weights = family.weights(5);
        int[] ids = ids(TOKENS);
        double[][] expected = new PlainModel(family.config(), weights).run(ids);
        Checkpoint loaded = Checkpoint.load(safetensors(family, weights), arena);
        same(run(loaded, ids), expected);
        for (Devices.Usable device : Devices.probe().usable())
            try (Device opened = device.provider().open(2)) {
                float[] found = run(opened.kernels(), loaded.transformer(), Tokens.sequence(0, ids), KvCache.NONE);
                same(found, expected);
            }
        if (name.equals("llama dynamic")) return; // GGUF has no words for it
        same(run(Checkpoint.load(gguf(family, weights), arena), ids), expected);
    }

    @ParameterizedTest
    @MethodSource("decoders")
    void piecesWithACacheAreTheWhole(String name) throws IOException {
        TinyFamily family = TinyFamily.named(name);
        Transformer model =
                Checkpoint.load(safetensors(family, family.weights(6)), arena).transformer();
        TransformerConfig c = model.config();
        int[] ids = ids(TOKENS);
        float[] whole = run(reference, model, Tokens.sequence(0, ids), KvCache.NONE);
        KvCache cache = KvCache.contiguous(arena, DType.F32, c.layers(), 1, TOKENS, c.keyHeads(), c.headWidth());
        int at = 0;
        for (int piece : new int[] {7, 1, 1, 4, 3, 1}) {
            int[] part = Arrays.copyOfRange(ids, at, at + piece);
            float[] found = run(reference, model, Tokens.sequence(at, part), cache);
            int v = c.vocabulary();
            assertThat(found).isEqualTo(Arrays.copyOfRange(whole, at * v, (at + piece) * v));
            at += piece;
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void whatWasSavedComputesTheSame(String name) throws IOException {
        TinyFamily family = TinyFamily.named(name);
        Checkpoint loaded = Checkpoint.load(safetensors(family, family.weights(7)), arena);
        int[] ids = ids(TOKENS);
        float[] expected = run(loaded, ids);
        ModelFolder.save(folder.resolve("ours"), loaded);
        Checkpoint again = Checkpoint.load(folder.resolve("ours"), arena);
        assertThat(again.config()).isEqualTo(loaded.config());
        close(run(again, ids), expected);
        if (name.equals("llama dynamic")) return; // GGUF has no words for it
        Path file = folder.resolve("ours.gguf");
        GgufWriter.write(file, GgufModel.metadata(loaded), GgufModel.entries(loaded));
        close(run(Checkpoint.load(file, arena), ids), expected);
    }

    /** Where 1 was taken away from a norm and given back, a last bit may differ. */
    private static void close(float[] found, float[] expected) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++)
            assertThat(found[i])
                    .as("[%d]", i)
                    .isCloseTo(expected[i], within(TOLERANCE_F * (1 + Math.abs(expected[i]))));
    }

    private static final float TOLERANCE_F = (float) TOLERANCE;

    @Test
    void ofAModelThatSeesImagesTheTextIsRead() throws IOException {
        TinyFamily text = TinyFamily.named("gemma3_text");
        Map<String, Weight> weights = text.weights(4);
        var theirs = new LinkedHashMap<String, Weight>();
        weights.forEach((name, w) -> theirs.put("language_model." + name, w));
        theirs.put("vision_tower.vision_model.post_layernorm.weight", new Weight(new int[] {3}, new float[3]));
        theirs.put("multi_modal_projector.mm_soft_emb_norm.weight", new Weight(new int[] {3}, new float[3]));
        var whole = new TinyFamily("gemma3", "{\"model_type\": \"gemma3\", \"text_config\": " + text.json() + "}");
        int[] ids = ids(TOKENS);
        same(
                run(Checkpoint.load(safetensors(whole, theirs), arena), ids),
                new PlainModel(text.config(), weights).run(ids));
    }

    @Test
    void positionsOfXlmRobertaStandBehindThePadding() throws IOException {
        TinyFamily bert = TinyFamily.named("bert");
        Map<String, Weight> weights = bert.weights(12);
        var theirs = new LinkedHashMap<String, Weight>();
        weights.forEach((name, w) -> theirs.put("roberta." + name, w));
        float[] table = weights.getOrDefault(
                        "embeddings.position_embeddings.weight", new Weight(new int[0], new float[0]))
                .values();
        float[] shifted = new float[34 * 24];
        Arrays.fill(shifted, 0, 2 * 24, 9);
        System.arraycopy(table, 0, shifted, 2 * 24, table.length);
        theirs.put("roberta.embeddings.position_embeddings.weight", new Weight(new int[] {34, 24}, shifted));
        var roberta = new TinyFamily(
                "xlm-roberta",
                bert.json().replace("\"bert\"", "\"xlm-roberta\"").replace(": 32,", ": 34, \"pad_token_id\": 1,"));
        int[] ids = ids(TOKENS);
        double[][] expected = new PlainModel(bert.config(), weights).run(ids);
        Checkpoint loaded = Checkpoint.load(safetensors(roberta, theirs), arena);
        assertThat(loaded.config().context()).isEqualTo(32);
        same(run(loaded, ids), expected);
        ModelFolder.save(folder.resolve("ours"), loaded);
        same(run(Checkpoint.load(folder.resolve("ours"), arena), ids), expected);
    }

    @Test
    void aShorterContextCutsTheTableOfPositions() throws IOException {
        TinyFamily gpt2 = TinyFamily.named("gpt2");
        Checkpoint loaded = Checkpoint.load(safetensors(gpt2, gpt2.weights(1)), arena);
        int[] ids = ids(9);
        assertThat(run(loaded.withContext(9), ids)).isEqualTo(run(loaded, ids));
        assertThatThrownBy(() -> loaded.withContext(33)).hasMessageContaining("knows 32 positions, not 33");
    }

    @Test
    void anEncoderMakesOneVectorOfEachText() throws IOException {
        TinyFamily bert = TinyFamily.named("bert");
        Map<String, Weight> weights = bert.weights(3);
        Path theirs = safetensors(bert, weights);
        var plain = new PlainModel(bert.config(), weights);
        int[] one = ids(9);
        int[] other = {3, 1, 30};
        for (String mode : new String[] {"", "mean_tokens", "cls_token", "lasttoken"}) {
            if (!mode.isEmpty()) {
                Files.createDirectories(theirs.resolve("1_Pooling"));
                Files.writeString(
                        theirs.resolve("1_Pooling/config.json"),
                        "{\"pooling_mode_max_tokens\": false, \"pooling_mode_" + mode + "\": true}");
            }
            Checkpoint loaded = Checkpoint.load(theirs, arena);
            List<float[]> found = new Embedder(loaded.transformer(), reference).embed(List.of(one, other));
            assertThat(found).hasSize(2);
            vector(found.get(0), plain.run(one), mode);
            vector(found.get(1), plain.run(other), mode);
            List<List<float[]>> tokens = new Embedder(loaded.transformer(), reference).embedTokens(List.of(one, other));
            assertThat(tokens.stream().map(List::size)).containsExactly(9, 3);
            for (int t = 0; t < 3; t++) vector(tokens.get(1).get(t), new double[][] {plain.run(other)[t]}, "cls_token");
            ModelFolder.save(folder.resolve("ours"), loaded);
            assertThat(Checkpoint.load(folder.resolve("ours"), arena).config()).isEqualTo(loaded.config());
        }
        Transformer encoder = Checkpoint.load(theirs, arena).transformer();
        assertThatThrownBy(() -> new Generator(encoder, reference)).hasMessageContaining("continues no text");
        assertThatThrownBy(() -> new Embedder(encoder, reference).embed(List.of(ids(33))))
                .hasMessageContaining("33 tokens, the context holds 32");
    }

    private static void vector(float[] found, double[][] rows, String mode) {
        double[] sum = new double[rows[0].length];
        for (int t = 0; t < rows.length; t++)
            for (int i = 0; i < sum.length; i++)
                sum[i] += switch (mode) {
                    case "cls_token" -> t == 0 ? rows[t][i] : 0;
                    case "lasttoken" -> t == rows.length - 1 ? rows[t][i] : 0;
                    default -> rows[t][i] / rows.length;
                };
        double length = 0;
        for (double v : sum) length += v * v;
        for (int i = 0; i < sum.length; i++)
            assertThat((double) found[i]).as(mode + i).isCloseTo(sum[i] / Math.sqrt(length), within(TOLERANCE));
    }

    /** Prompt and single tokens through the generator, which must not replay a choice of experts. */
    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "gemma3_text", "qwen2_moe", "phi3"})
    void theGeneratorFollows(String name) throws IOException {
        TinyFamily family = TinyFamily.named(name);
        Transformer model =
                Checkpoint.load(safetensors(family, family.weights(6)), arena).transformer();
        int[] ids = ids(TOKENS);
        float[] whole = run(reference, model, Tokens.sequence(0, ids), KvCache.NONE);
        int v = model.config().vocabulary();
        try (Generator.Session session = new Generator(model, reference).open(TOKENS)) {
            session.feed(Arrays.copyOf(ids, 6));
            for (int t = 6; t < TOKENS; t++)
                assertThat(session.feed(ids[t])).isEqualTo(Arrays.copyOfRange(whole, t * v, (t + 1) * v));
        }
    }

    /** Transformers looks at how long a text is, we at the context that the model is run with. */
    @Test
    void stretchedPositionsFollowTheContext() throws IOException {
        TinyFamily phi = TinyFamily.named("phi3 longrope");
        Map<String, Weight> weights = phi.weights(8);
        Checkpoint loaded = Checkpoint.load(safetensors(phi, weights), arena);
        int[] few = ids(8);
        Transformer shorter = new Transformer(loaded.config().withContext(8), loaded.parameters());
        same(
                run(reference, shorter, Tokens.sequence(0, few), KvCache.NONE),
                new PlainModel(phi.config(), weights).run(few));
        TinyFamily llama = TinyFamily.named("llama dynamic");
        weights = llama.weights(9);
        loaded = Checkpoint.load(safetensors(llama, weights), arena);
        int[] many = ids(40);
        Transformer longer = new Transformer(loaded.config().withContext(40), loaded.parameters());
        same(
                run(reference, longer, Tokens.sequence(0, many), KvCache.NONE),
                new PlainModel(llama.config(), weights).run(many));
    }
}
