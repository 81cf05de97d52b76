package dev.prairie.model.layer;

import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.autograd.Ops;

/** What keeps the rows of {@code (N, C)} in scale. */
public sealed interface Normalization {
    Tensor forward(Ops ops, Tensor x);

    /** Zhang and Sennrich 2019 (arXiv 1910.07467). {@code weight (C)}. */
    record Rms(Tensor weight, float epsilon) implements Normalization {
        @Override
        public Tensor forward(Ops ops, Tensor x) {
            return ops.rmsNorm(x, weight, epsilon);
        }
    }

    /** Ba et al. 2016 (arXiv 1607.06450). {@code weight (C)}, {@code bias (C)}. */
    record Layer(Tensor weight, Tensor bias, float epsilon) implements Normalization {
        @Override
        public Tensor forward(Ops ops, Tensor x) {
            return ops.layerNorm(x, weight, bias, epsilon);
        }
    }
}
