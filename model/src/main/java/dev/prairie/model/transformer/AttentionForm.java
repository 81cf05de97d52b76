package dev.prairie.model.transformer;

import dev.prairie.tensor.Scoring;

/**
 * How tokens look at each other.
 *
 * @param heads        H, query heads
 * @param keyHeads     K, key and value heads; H is a multiple of it
 * @param headWidth    D; usually C / H
 * @param biases       whether queries, keys and values have biases
 * @param outBias      whether the projection back has one
 * @param queryKeyNorm whether queries and keys are RMS-normalised per head (Qwen3, Gemma 3)
 * @param scale        scores are multiplied by it; usually 1 / √D
 * @param cap          c in {@code c · tanh(score / c)} (Gemma 2); 0 for none
 * @param causal       whether a token sees only those before it
 * @param window       how many positions a local layer sees, the token's own included; 0: no layer is local
 * @param globalEvery  with a window: every n-th layer sees everything; 0: none does
 */
public record AttentionForm(
        int heads,
        int keyHeads,
        int headWidth,
        boolean biases,
        boolean outBias,
        boolean queryKeyNorm,
        float scale,
        float cap,
        boolean causal,
        int window,
        int globalEvery) {
    public AttentionForm {
        TransformerConfig.positive("heads", heads);
        TransformerConfig.positive("keyHeads", keyHeads);
        TransformerConfig.positive("headWidth", headWidth);
        if (heads % keyHeads != 0)
            throw new IllegalArgumentException("config: heads " + heads + " is not a multiple of keyHeads " + keyHeads);
        if (!(scale > 0) || scale == Float.POSITIVE_INFINITY)
            throw new IllegalArgumentException("config: scale of the scores is " + scale + ", must be positive");
        if (!(cap >= 0) || cap == Float.POSITIVE_INFINITY)
            throw new IllegalArgumentException("config: cap of the scores is " + cap + ", must be 0 (none) or more");
        if (window < 0)
            throw new IllegalArgumentException("config: window is " + window + ", must be 0 (none) or more");
        if (globalEvery < 0)
            throw new IllegalArgumentException("config: globalEvery is " + globalEvery + ", must be 0 (never) or more");
        if (!causal && window > 0)
            throw new IllegalArgumentException("config: a window of " + window + " needs causal attention");
        if (window == 0 && globalEvery > 0)
            throw new IllegalArgumentException("config: globalEvery is " + globalEvery + " but there is no window");
    }

    /** The plain form: causal, no biases, no window, scores divided by √D. */
    public static AttentionForm of(int heads, int keyHeads, int headWidth) {
        TransformerConfig.positive("headWidth", headWidth);
        float scale = (float) (1 / Math.sqrt(headWidth));
        return new AttentionForm(heads, keyHeads, headWidth, false, false, false, scale, 0, true, 0, 0);
    }

    /** The same with biases on queries, keys and values, and on the way out, or without. */
    public AttentionForm withBiases(boolean inputs, boolean out) {
        return new AttentionForm(
                heads, keyHeads, headWidth, inputs, out, queryKeyNorm, scale, cap, causal, window, globalEvery);
    }

    public AttentionForm withQueryKeyNorm(boolean normed) {
        return new AttentionForm(
                heads, keyHeads, headWidth, biases, outBias, normed, scale, cap, causal, window, globalEvery);
    }

    /** The same with another scale and cap of the scores. */
    public AttentionForm withScores(float scale, float cap) {
        return new AttentionForm(
                heads, keyHeads, headWidth, biases, outBias, queryKeyNorm, scale, cap, causal, window, globalEvery);
    }

    /** The same with local layers; a window of 0 is none. */
    public AttentionForm withWindow(int window, int globalEvery) {
        int every = window == 0 ? 0 : globalEvery;
        return new AttentionForm(
                heads, keyHeads, headWidth, biases, outBias, queryKeyNorm, scale, cap, causal, window, every);
    }

    /** The same, seeing both ways. */
    public AttentionForm bidirectional() {
        return new AttentionForm(heads, keyHeads, headWidth, biases, outBias, queryKeyNorm, scale, cap, false, 0, 0);
    }

    /** Whether layer {@code l} sees a window only. */
    public boolean local(int l) {
        return window > 0 && (globalEvery == 0 || (l + 1) % globalEvery != 0);
    }

    /** What layer {@code l} makes of queries and keys. */
    public Scoring scoring(int l) {
        return new Scoring(scale, causal, local(l) ? window : 0, cap);
    }
}
