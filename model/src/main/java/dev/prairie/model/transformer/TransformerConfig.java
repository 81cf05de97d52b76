package dev.prairie.model.transformer;

import dev.prairie.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What kind of transformer: families differ here, not in classes.
 *
 * @param vocabulary   V, number of token ids
 * @param context      T, the longest sequence
 * @param layers       L
 * @param width        C, of the residual stream
 * @param heads        H, query heads
 * @param keyHeads     K, key and value heads; H is a multiple of it
 * @param headWidth    D; usually C / H
 * @param feedForward  F, inner width of the feed-forward part
 * @param norm         which normalization
 * @param positions    how a token knows its place
 * @param activation   which feed-forward
 * @param biases       whether projections have biases
 * @param tiedHead     whether the head shares the token table's weights
 * @param queryKeyNorm whether queries and keys are RMS-normalised per head (Qwen3)
 * @param theta        base of the rotary angles; unused with learned positions
 * @param epsilon      inside the norms
 */
public record TransformerConfig(
        int vocabulary,
        int context,
        int layers,
        int width,
        int heads,
        int keyHeads,
        int headWidth,
        int feedForward,
        Norm norm,
        Positions positions,
        Activation activation,
        boolean biases,
        boolean tiedHead,
        boolean queryKeyNorm,
        float theta,
        float epsilon) {

    /** Which normalization. */
    public enum Norm {
        RMS,
        LAYER
    }

    /** How a token knows its place: by turning queries and keys, or by a learned table. */
    public enum Positions {
        ROPE,
        LEARNED
    }

    /** Which feed-forward. */
    public enum Activation {
        SWIGLU,
        GELU
    }

    public TransformerConfig {
        positive("vocabulary", vocabulary);
        positive("context", context);
        positive("layers", layers);
        positive("width", width);
        positive("heads", heads);
        positive("keyHeads", keyHeads);
        positive("headWidth", headWidth);
        positive("feedForward", feedForward);
        if (heads % keyHeads != 0)
            throw new IllegalArgumentException("config: heads " + heads + " is not a multiple of keyHeads " + keyHeads);
        if (positions == Positions.ROPE && headWidth % 2 != 0)
            throw new IllegalArgumentException("config: headWidth " + headWidth + " must be even to be rotated");
        if (positions == Positions.ROPE && !(theta > 0))
            throw new IllegalArgumentException("config: theta " + theta + " must be positive");
        if (!(epsilon >= 0)) throw new IllegalArgumentException("config: epsilon " + epsilon + " must not be negative");
    }

    /** The GPT-2 form: layer norm, learned positions, GELU, biases, tied head, F = 4 C. */
    public static TransformerConfig gpt2(int vocabulary, int context, int layers, int width, int heads) {
        return new TransformerConfig(
                vocabulary,
                context,
                layers,
                width,
                heads,
                heads,
                share(width, heads),
                Math.multiplyExact(4, width),
                Norm.LAYER,
                Positions.LEARNED,
                Activation.GELU,
                true,
                true,
                false,
                10000,
                1e-5f);
    }

    /** The Llama form: RMS norm, rotary positions, SwiGLU, no biases; head tied as asked. */
    public static TransformerConfig llama(
            int vocabulary,
            int context,
            int layers,
            int width,
            int heads,
            int keyHeads,
            int feedForward,
            boolean tiedHead) {
        return new TransformerConfig(
                vocabulary,
                context,
                layers,
                width,
                heads,
                keyHeads,
                share(width, heads),
                feedForward,
                Norm.RMS,
                Positions.ROPE,
                Activation.SWIGLU,
                false,
                tiedHead,
                false,
                10000,
                1e-5f);
    }

    private static int share(int width, int heads) {
        if (heads < 1 || width % heads != 0)
            throw new IllegalArgumentException("config: width " + width + " is not a multiple of heads " + heads);
        return width / heads;
    }

    /** Every parameter by its canonical name, in the order of the forward pass; weights are (O, C). */
    public Map<String, Shape> parameterShapes() {
        var shapes = new LinkedHashMap<String, Shape>();
        shapes.put("tokens.weight", Shape.of(vocabulary, width));
        if (positions == Positions.LEARNED) shapes.put("positions.weight", Shape.of(context, width));
        for (int l = 0; l < layers; l++) {
            String layer = "layers." + l + ".";
            norm(shapes, layer + "attention.norm");
            linear(shapes, layer + "attention.q", heads * headWidth, width);
            linear(shapes, layer + "attention.k", keyHeads * headWidth, width);
            linear(shapes, layer + "attention.v", keyHeads * headWidth, width);
            if (queryKeyNorm) {
                shapes.put(layer + "attention.q.norm.weight", Shape.of(headWidth));
                shapes.put(layer + "attention.k.norm.weight", Shape.of(headWidth));
            }
            linear(shapes, layer + "attention.out", width, heads * headWidth);
            norm(shapes, layer + "feedforward.norm");
            if (activation == Activation.SWIGLU) linear(shapes, layer + "feedforward.gate", feedForward, width);
            linear(shapes, layer + "feedforward.up", feedForward, width);
            linear(shapes, layer + "feedforward.down", width, feedForward);
        }
        norm(shapes, "norm");
        if (!tiedHead) shapes.put("head.weight", Shape.of(vocabulary, width));
        return shapes;
    }

    private void norm(Map<String, Shape> shapes, String name) {
        shapes.put(name + ".weight", Shape.of(width));
        if (norm == Norm.LAYER) shapes.put(name + ".bias", Shape.of(width));
    }

    private void linear(Map<String, Shape> shapes, String name, int out, int in) {
        shapes.put(name + ".weight", Shape.of(out, in));
        if (biases) shapes.put(name + ".bias", Shape.of(out));
    }

    /** Number of parameters. */
    public long parameters() {
        return parameterShapes().values().stream().mapToLong(Shape::size).sum();
    }

    /**
     * Floating-point operations that training needs for one token at context {@code t}: six for each weight that is
     * multiplied, and twelve L·H·D·t for attention (Chowdhery et al. 2022, arXiv 2204.02311, appendix B).
     */
    public double trainingFlopsPerToken(int t) {
        long lookedUp = (long) vocabulary * width + (positions == Positions.LEARNED ? (long) context * width : 0);
        long head = (long) vocabulary * width;
        long multiplied = parameters() - lookedUp + (tiedHead ? head : 0);
        return 6.0 * multiplied + 12.0 * layers * heads * headWidth * t;
    }

    private static void positive(String name, int value) {
        if (value < 1) throw new IllegalArgumentException("config: " + name + " is " + value + ", must be at least 1");
    }
}
