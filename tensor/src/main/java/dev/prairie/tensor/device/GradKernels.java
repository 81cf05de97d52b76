package dev.prairie.tensor.device;

import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import java.util.List;

/**
 * What a device must add to train. Every backward puts its results into its {@link Gradient}s: {@code +=} below means on
 * top of what is there or over it, as the gradient says; over it, the whole tensor is written. Gradients never overlap
 * each other nor another argument, except where said. Capability is this type, not an exception.
 */
public interface GradKernels extends Kernels {
    /** {@code dTable[ids[n]] += dOut[n]}. */
    void embeddingBackward(Gradient dTable, Tensor dOut, int[] ids);

    /** Into {@code dX(N, C)} and {@code dW(C)}. */
    void rmsNormBackward(Gradient dX, Gradient dW, Tensor dOut, Tensor x, Tensor w, Tensor rstd);

    /** Into {@code dX(N, C)}, {@code dW(C)} and {@code dB(C)}. */
    void layerNormBackward(
            Gradient dX, Gradient dW, Gradient dB, Tensor dOut, Tensor x, Tensor w, Tensor mean, Tensor rstd);

    /** {@code dX(N, C) += dOut(N, O) · w(O, C)}. */
    void matmulBackwardInput(Gradient dX, Tensor dOut, Tensor w);

    /**
     * {@code dX(N, C) += dOut(N, O) · w(O, C)} with the numbers that the packed weights stand for. The rounding of x
     * in the forward product counts as none: the gradient passes straight through.
     */
    void matmulBackwardInput(Gradient dX, Tensor dOut, PackedWeights w);

    /** {@code dW(O, C) += dOut(N, O)ᵀ · x(N, C)}. */
    void matmulBackwardWeight(Gradient dW, Tensor dOut, Tensor x);

    /**
     * Of one part of {@link #lowRank}: into its rows of {@code dX(N, C)}, nothing being added to the others, and into
     * {@code dA(R, C)} and {@code dB(R, O)}, F32 whatever the types of a and b. {@code hidden} is what forward kept;
     * {@code dHidden}, in its shape, is memory to work in.
     */
    void lowRankBackward(
            Gradient dX,
            Gradient dA,
            Gradient dB,
            Tensor dHidden,
            Tensor dOut,
            Tensor hidden,
            Tensor x,
            LowRank.Part part);

    /** {@code dBias(O) += Σ_n dOut(N, O)}. */
    void biasBackward(Gradient dBias, Tensor dOut);

    /** The rotation by the opposite angle: {@code dX += rope⁻¹(dOut)}. */
    void ropeBackward(Gradient dX, Tensor dOut, int[] positions, Rotary rotary);

    /** Into {@code dQ(N, H, D)}, and {@code dK}, {@code dV} in the layout of {@code kv}, which is F32. */
    void attentionBackward(
            Gradient dQ,
            Gradient dK,
            Gradient dV,
            Tensor dOut,
            Tensor out,
            Tensor lse,
            Tensor q,
            KeyValues kv,
            Tokens tokens,
            Scoring scoring);

    /** Into {@code dGate} and {@code dUp}. */
    void swiGluBackward(Gradient dGate, Gradient dUp, Tensor dOut, Tensor gate, Tensor up);

    /** Into {@code dX}. */
    void geluBackward(Gradient dX, Tensor dOut, Tensor x);

    /** Into {@code dX}. */
    void geluExactBackward(Gradient dX, Tensor dOut, Tensor x);

    /** Into {@code dX}, from what came out of softCap. */
    void softCapBackward(Gradient dX, Tensor dOut, Tensor out, float cap);

    /** {@code dA += dOut * b} and {@code dB += dOut * a}. */
    void multiplyBackward(Gradient dA, Gradient dB, Tensor dOut, Tensor a, Tensor b);

    /** Into {@code dLogits(N, E)}; which experts were chosen counts as given. */
    void routeBackward(Gradient dLogits, Tensor dWeights, Tensor logits, int[] chosen, Routing routing);

    /** {@code dX[m] += weights[slots[m]] * dOut[slots[m] / A]} and {@code dWeights[slots[m]] += x[m] · dOut[slots[m] / A]}. */
    void scatterBackward(Gradient dX, Gradient dWeights, Tensor dOut, Tensor x, Tensor weights, int[] slots);

    /** {@code dst += factor * src}: the backward of add and of scale. */
    void accumulate(Gradient dst, Tensor src, float factor);

    /** {@code dX[rows[m]] += dOut[m]}; a row may be named more than once. */
    void gatherBackward(Gradient dX, Tensor dOut, int[] rows);

    /**
     * {@code dLogits += dLosses[n] * (softmax(logits[n]) - onehot(targets[n]))}, nothing where the target is -1;
     * {@code lse} is what forward kept. {@code dLogits} may be over {@code logits} itself, which spares the largest
     * tensor of a step.
     */
    void crossEntropyBackward(Gradient dLogits, Tensor dLosses, Tensor logits, Tensor lse, int[] targets);

    /** {@code Σ x²}, accumulated in double. */
    double squaredNorm(Tensor x);

    /**
     * One step of AdamW (Loshchilov and Hutter 2017, arXiv 1711.05101) on all parameters in one call, since a model has
     * hundreds of small ones: decoupled decay, both moments corrected for their start at zero. Updates weights and moments
     * in place; gradients are read, times {@link AdamW#gradientScale}.
     */
    void adamW(List<Parameter> parameters, AdamW step);

    /**
     * What AdamW keeps for one parameter: four tensors of equal shape, and how it decays.
     *
     * @param w           the weights
     * @param gradient    of the loss
     * @param first       first moment
     * @param second      second moment
     * @param weightDecay decoupled: {@code w -= learningRate * weightDecay * w}
     */
    record Parameter(Tensor w, Tensor gradient, Tensor first, Tensor second, float weightDecay) {}

    /**
     * The numbers of one AdamW step.
     *
     * @param learningRate  of this step
     * @param beta1         decay of the first moment
     * @param beta2         decay of the second moment
     * @param epsilon       added to the root of the second moment
     * @param step          counting from 1
     * @param gradientScale applied to every gradient on reading: clipping without a pass of its own
     */
    record AdamW(float learningRate, float beta1, float beta2, float epsilon, int step, float gradientScale) {
        public AdamW {
            if (step < 1) throw new IllegalArgumentException("adamW: step " + step + " must count from 1");
        }
    }
}
