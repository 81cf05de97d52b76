package dev.prairie.model.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.transformer.HeadForm;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.testing.Demand;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** A GPT trained elsewhere, with every intermediate value of one batch: 3 sequences of 11 tokens. */
class NanoGptSortTest {
    private static final int ROWS = 3;
    private static final int LENGTH = 11;

    private JsonNode weights;
    private JsonNode partials;

    @BeforeEach
    void read() throws IOException {
        Path folder = Demand.data("nanogpt-sort");
        weights = new ObjectMapper().readTree(folder.resolve("gpt-nano-sort-model.json"));
        partials = new ObjectMapper().readTree(folder.resolve("gpt-nano-sort-t0-partials.json"));
    }

    private static float[] floats(JsonNode file, String name) {
        byte[] bytes = Base64.getDecoder().decode(file.path(name).path("data").asString());
        float[] values = new float[bytes.length / 4];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }

    /** The weights under our names; rows are output features there too, but q, k and v are one matrix. */
    private Map<String, float[]> parameters() {
        var p = new LinkedHashMap<String, float[]>();
        p.put("tokens.weight", floats(weights, "transformer.wte.weight"));
        p.put("positions.weight", floats(weights, "transformer.wpe.weight"));
        for (int l = 0; l < 3; l++)
            for (String kind : new String[] {".weight", ".bias"}) {
                String theirs = "transformer.h." + l + ".";
                String ours = "layers." + l + ".";
                p.put(ours + "attention.norm" + kind, floats(weights, theirs + "ln_1" + kind));
                float[] fused = floats(weights, theirs + "attn.c_attn" + kind);
                int third = fused.length / 3;
                p.put(ours + "attention.q" + kind, Arrays.copyOf(fused, third));
                p.put(ours + "attention.k" + kind, Arrays.copyOfRange(fused, third, 2 * third));
                p.put(ours + "attention.v" + kind, Arrays.copyOfRange(fused, 2 * third, 3 * third));
                p.put(ours + "attention.out" + kind, floats(weights, theirs + "attn.c_proj" + kind));
                p.put(ours + "feedforward.norm" + kind, floats(weights, theirs + "ln_2" + kind));
                p.put(ours + "feedforward.up" + kind, floats(weights, theirs + "mlp.c_fc" + kind));
                p.put(ours + "feedforward.down" + kind, floats(weights, theirs + "mlp.c_proj" + kind));
            }
        p.put("norm.weight", floats(weights, "transformer.ln_f.weight"));
        p.put("norm.bias", floats(weights, "transformer.ln_f.bias"));
        p.put("head.weight", floats(weights, "lm_head.weight"));
        return p;
    }

    private int[] ids() {
        float[] raw = floats(partials, "idx");
        int[] ids = new int[raw.length];
        for (int i = 0; i < ids.length; i++) ids[i] = Math.round(raw[i]);
        return ids;
    }

    private void same(String name, float[] found) {
        assertThat(found).as(name).usingComparatorWithPrecision(1e-4f).containsExactly(floats(partials, name));
    }

    /** From (B, H, T, D) to our (B * T, H * D). */
    private float[] byRow(String name) {
        float[] theirs = floats(partials, name);
        float[] rows = new float[theirs.length];
        int d = 16;
        for (int b = 0; b < ROWS; b++)
            for (int h = 0; h < 3; h++)
                for (int t = 0; t < LENGTH; t++)
                    System.arraycopy(theirs, ((b * 3 + h) * LENGTH + t) * d, rows, ((b * LENGTH + t) * 3 + h) * d, d);
        return rows;
    }

    @Test
    void oneFileGptHasEveryIntermediateValue() {
        var gpt = new OneFileGpt(new OneFileGpt.Config(3, 11, 3, 48, 3, 192, false), 1);
        Map<String, float[]> given = parameters();
        assertThat(gpt.parameters().keySet()).containsExactlyInAnyOrderElementsOf(given.keySet());
        gpt.parameters().forEach((name, w) -> System.arraycopy(found(given, name), 0, w, 0, w.length));
        float[] logits = gpt.forward(ids(), ROWS, LENGTH);
        OneFileGpt.BlockActivations block = gpt.acts.blocks[0];
        same("x", gpt.acts.embedded);
        same("ln1", block.normed1.out());
        assertThat(block.query).usingComparatorWithPrecision(1e-4f).containsExactly(byRow("q"));
        assertThat(block.key).usingComparatorWithPrecision(1e-4f).containsExactly(byRow("k"));
        assertThat(block.value).usingComparatorWithPrecision(1e-4f).containsExactly(byRow("v"));
        float[] looks = floats(partials, "attSm"); // (B, H, T, T); ours is (B, T, H, T)
        for (int b = 0; b < ROWS; b++)
            for (int h = 0; h < 3; h++)
                for (int t = 0; t < LENGTH; t++) {
                    int theirs = ((b * 3 + h) * LENGTH + t) * LENGTH;
                    int ours = ((b * LENGTH + t) * 3 + h) * LENGTH;
                    assertThat(Arrays.copyOfRange(block.probabilities, ours, ours + LENGTH))
                            .usingComparatorWithPrecision(1e-4f)
                            .containsExactly(Arrays.copyOfRange(looks, theirs, theirs + LENGTH));
                }
        same("y", block.mixed);
        same("yProj", block.projected);
        same("attnResid", block.middle);
        same("ln2", block.normed2.out());
        same("fc", block.up);
        same("gelu", block.activated);
        same("mlp", block.down);
        for (int l = 0; l < 3; l++) same("block" + l, gpt.acts.blocks[l].output);
        same("ln_f", gpt.acts.normed.out());
        same("lm_head", logits);
    }

    @Test
    void transformerHasTheLogitsOnEveryDevice() {
        var config = TransformerConfig.gpt2(3, 11, 3, 48, 3).withHead(HeadForm.tied(false));
        try (Arena arena = Arena.ofShared();
                Slab slab = new Slab()) {
            var parameters = new LinkedHashMap<String, Tensor>();
            Map<String, float[]> given = parameters();
            assertThat(given.keySet())
                    .containsExactlyInAnyOrderElementsOf(
                            config.parameterShapes().keySet());
            config.parameterShapes()
                    .forEach((name, shape) -> parameters.put(name, Tensor.of(arena, shape, found(given, name))));
            var model = new Transformer(config, parameters);
            for (Devices.Usable device : Devices.probe().usable())
                try (Device opened = device.provider().open(1)) {
                    slab.reset();
                    var ops = new Ops(opened.kernels(), slab);
                    Tensor hidden = model.hidden(ops, Tokens.rows(ROWS, ids()), KvCache.NONE);
                    same("ln_f", hidden.toFloats());
                    Tensor logits = model.logits(ops, hidden);
                    assertThat(logits.shape()).isEqualTo(Shape.of(33, 3));
                    same("lm_head", logits.toFloats());
                }
        }
    }

    private static float[] found(Map<String, float[]> map, String name) {
        return Objects.requireNonNull(map.get(name), name);
    }
}
