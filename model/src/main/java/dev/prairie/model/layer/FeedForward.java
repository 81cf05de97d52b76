package dev.prairie.model.layer;

import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.autograd.Ops;

/** The part of a layer that looks at one token alone: {@code (N, C) → (N, F) → (N, C)}. */
public sealed interface FeedForward {
    /** Of {@code x (N, C)}, added to {@code residual (N, C)}. */
    Tensor forward(Ops ops, Tensor x, Tensor residual);

    /** The Llama form: {@code down(silu(gate(x)) * up(x))}. */
    record SwiGlu(Linear gate, Linear up, Linear down) implements FeedForward {
        @Override
        public Tensor forward(Ops ops, Tensor x, Tensor residual) {
            return down.forward(ops, ops.swiGlu(gate.forward(ops, x), up.forward(ops, x)), residual);
        }
    }

    /** The GPT-2 form: {@code down(gelu(up(x)))}. */
    record Gelu(Linear up, Linear down) implements FeedForward {
        @Override
        public Tensor forward(Ops ops, Tensor x, Tensor residual) {
            return down.forward(ops, ops.gelu(up.forward(ops, x)), residual);
        }
    }
}
