package dev.prairie.model.layer;

import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.autograd.Ops;

/** The part of a layer that looks at one token alone: {@code (N, C) → (N, F) → (N, C)}. */
public sealed interface FeedForward {
    Tensor forward(Ops ops, Tensor x);

    /** The Llama form: {@code down(silu(gate(x)) * up(x))}. */
    record SwiGlu(Linear gate, Linear up, Linear down) implements FeedForward {
        @Override
        public Tensor forward(Ops ops, Tensor x) {
            return down.forward(ops, ops.swiGlu(gate.forward(ops, x), up.forward(ops, x)));
        }
    }

    /** The GPT-2 form: {@code down(gelu(up(x)))}. */
    record Gelu(Linear up, Linear down) implements FeedForward {
        @Override
        public Tensor forward(Ops ops, Tensor x) {
            return down.forward(ops, ops.gelu(up.forward(ops, x)));
        }
    }
}
