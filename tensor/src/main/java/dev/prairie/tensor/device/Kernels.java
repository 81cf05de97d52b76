package dev.prairie.tensor.device;

import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a device must be able to do to run a model: whole-tensor operations, outputs first, memory owned by the caller.
 *
 * <p>Kernels check nothing: {@code autograd.Ops} has checked every shape, id and position before. All tensors are F32
 * unless said otherwise. An output is overwritten completely and may hold anything before; it never overlaps an input,
 * except where said. N packed tokens, C model width, O output width, H query heads, K key/value heads, D head width,
 * V vocabulary.
 */
public interface Kernels {
    /** {@code out(N, C) = table(V, C)[ids[n]]}; {@code table} may be of any type but I32. */
    void embedding(Tensor out, Tensor table, int[] ids);

    /** Root-mean-square norm: {@code out = x / sqrt(mean(x²) + eps) * w}; rows {@code rstd(N)} kept for backward. */
    void rmsNorm(Tensor out, Tensor rstd, Tensor x, Tensor w, float eps);

    /** Layer norm: {@code out = (x - mean) / sqrt(var + eps) * w + b}; {@code mean(N)}, {@code rstd(N)} kept. */
    void layerNorm(Tensor out, Tensor mean, Tensor rstd, Tensor x, Tensor w, Tensor b, float eps);

    /**
     * {@code out(N, O) = x(N, C) · w(O, C)ᵀ + bias(O) + residual(N, O)}, each of the last two only where there is one.
     * {@code w} may lie in memory as BF16, where the kernels say that they read it.
     */
    void matmul(Tensor out, Tensor x, Tensor w, @Nullable Tensor bias, @Nullable Tensor residual);

    /**
     * Weights {@code w(O, C)}, quantised, F32, BF16 or F16, in the form that {@link #matmul(Tensor, Tensor, PackedWeights, Tensor, Tensor)} reads,
     * made once when a model is loaded. It lives as long as {@code arena}, which must be shared with the device's
     * threads; {@code w} is not read any more afterwards. Throws what {@link PackedWeights#check} throws.
     */
    PackedWeights pack(Tensor w, Arena arena);

    /**
     * {@code out(N, O) = x̂(N, C) · w(O, C)ᵀ + bias(O) + residual(N, O)}, each of the last two only where there is one.
     *
     * <p>With F32 weights it is the product with the tensor that they were. With F16 weights x̂ is x. With BF16 weights a
     * device may round x to BF16, to nearest even, or not, in all rows alike: rounding changes a number by 2⁻⁹ of itself at
     * most and lets a processor multiply twice as many numbers at a time or more, so devices round where there are more than
     * a few rows.
     *
     * <p>With quantised weights x̂ is x in whole numbers of 8 bits: each {@link PackedWeights#GROUP} neighbours of a row (fewer
     * at its end) share the scale {@code s = m / 127}, m being the largest of their magnitudes but {@link PackedWeights#NOTHING} at least, and
     * {@code x̂ = s * rint(x * (127 / m))}, every operation rounded to F32. A NaN or an infinity makes its row NaN.
     *
     * <p>The whole numbers and their scales are the same to the last bit on every device; sums are F32 or better.
     */
    void matmul(Tensor out, Tensor x, PackedWeights w, @Nullable Tensor bias, @Nullable Tensor residual);

    /**
     * {@code out[n] += scale · (x[n] · a(R, C)ᵀ) · b(R, O)} for the rows n of each part: what adapters add to a projection
     * {@code out(N, O)} of {@code x(N, C)}. {@code hidden(N, M)}, M being the largest rank, gets {@code scale · x · aᵀ} where
     * {@link LowRank.Part#hidden} says, for backward; nothing is written elsewhere. No two parts share a row. {@code a} and
     * {@code b} may be of any type but I32 and count as the F32 numbers they stand for.
     */
    void lowRank(Tensor out, Tensor hidden, Tensor x, List<LowRank.Part> parts);

    /**
     * Rotary position embedding: in every head of {@code x(N, H, D)} the pairs turn by
     * {@code positions[n] * frequencies[i]}, see {@link Rotary}.
     */
    void rope(Tensor out, Tensor x, int[] positions, Rotary rotary);

    /**
     * Grouped-query attention over packed sequences: {@code out(N, H, D) = softmax(scores) v}, the scores of token n of
     * {@code q(N, H, D)} and the positions that it sees being what {@code scoring} says; the log-sum-exp of each row,
     * {@code lse(N, H)}, is kept for backward. Query head h reads key head {@code h / (H / K)}. Keys and values may lie
     * in memory as any type that {@link #store} writes; they count as the F32 numbers they stand for.
     */
    void attention(Tensor out, Tensor lse, Tensor q, KeyValues kv, Tokens tokens, Scoring scoring);

    /**
     * Puts this step's {@code k, v (N, K, D)} into the rows of {@code kv} where the tokens' positions belong, in the type
     * of {@code kv}: F32, F16 (rounded to nearest even) or Q8_0 (as {@code reference.Quantization} does).
     */
    void store(KeyValues kv, Tensor k, Tensor v, Tokens tokens);

    /** {@code out = silu(gate) * up}, element by element. */
    void swiGlu(Tensor out, Tensor gate, Tensor up);

    /** {@code out = gelu(x)}, the tanh form (Hendrycks and Gimpel 2016, arXiv 1606.08415) that GPT-2 uses. */
    void gelu(Tensor out, Tensor x);

    /** {@code out = x Φ(x)} with the normal distribution itself: the exact form of GELU, which BERT uses. */
    void geluExact(Tensor out, Tensor x);

    /** {@code out = cap * tanh(x / cap)}: Gemma 2's bound on logits (arXiv 2408.00118, section 2). */
    void softCap(Tensor out, Tensor x, float cap);

    /** {@code out = a * b}, element by element. */
    void multiply(Tensor out, Tensor a, Tensor b);

    /**
     * Of each row of {@code logits(N, E)} the largest, as many as {@code weights(N, A)} is wide: their columns into
     * {@code chosen[n * A + a]}, largest first and of equals the smaller, and their weights as {@code routing} says.
     */
    void route(Tensor weights, int[] chosen, Tensor logits, Routing routing);

    /**
     * {@code out[slots[m] / A] += weights[slots[m]] * x[m]}: rows of {@code x(M, C)} back to their tokens in
     * {@code out(N, C)}, on top of what is there. {@code weights(N, A)}; no slot comes twice.
     */
    void scatter(Tensor out, Tensor x, Tensor weights, int[] slots);

    /** {@code out = a + b}, element by element; {@code out} may be {@code a} or {@code b}. */
    void add(Tensor out, Tensor a, Tensor b);

    /** {@code out = factor * x}; {@code out} may be {@code x}. */
    void scale(Tensor out, Tensor x, float factor);

    /** {@code out(M, C) = x(N, C)[rows[m]]}. */
    void gather(Tensor out, Tensor x, int[] rows);

    /**
     * {@code out = x} in the type of {@code out}: any of F32, BF16, F16, to a narrower type rounded to nearest even; or F32
     * into a quantised type and back, as {@code reference.Quantization} says, to the same bits on every device. Numbers that
     * have no block, infinite ones say, throw its {@link IllegalArgumentException}.
     */
    void cast(Tensor out, Tensor x);

    /**
     * {@code losses(N) = -log softmax(logits(N, V))[targets[n]]} in nats. The log-sum-exp of each row, {@code lse(N)}, is
     * kept for backward. Both are 0 where the target is -1. Logits are left untouched.
     */
    void crossEntropy(Tensor losses, Tensor lse, Tensor logits, int[] targets);
}
