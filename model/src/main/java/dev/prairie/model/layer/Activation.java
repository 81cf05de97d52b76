package dev.prairie.model.layer;

import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.autograd.Ops;

/** What bends a feed-forward part. */
public enum Activation {
    /** {@code x · sigmoid(x)} (Elfwing et al. 2017, arXiv 1702.03118); gated it is SwiGLU. Only known gated. */
    SILU,

    /** GELU in its tanh form (Hendrycks and Gimpel 2016, arXiv 1606.08415); gated it is GeGLU. */
    GELU,

    /** GELU with the normal distribution itself. */
    GELU_EXACT;

    /** Of {@code x}, element by element. */
    Tensor of(Ops ops, Tensor x) {
        return switch (this) {
            case SILU -> throw new IllegalArgumentException("activation: SILU without a gate has no kernel");
            case GELU -> ops.gelu(x);
            case GELU_EXACT -> ops.geluExact(x);
        };
    }

    /** Of {@code gate}, times {@code up} (Shazeer 2020, arXiv 2002.05202). */
    Tensor gated(Ops ops, Tensor gate, Tensor up) {
        return this == SILU ? ops.swiGlu(gate, up) : ops.multiply(of(ops, gate), up);
    }
}
