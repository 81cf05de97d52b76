package dev.prairie.tensor.autograd;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.PackedWeights;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** One thing that happened in a forward pass, with exactly what its backward needs. Outputs first. */
sealed interface Step {
    Tensor out();

    /** What a gradient may flow to. */
    List<Tensor> inputs();

    /** Only a table of F32 learns. */
    record Embedding(Tensor out, Tensor table, int[] ids) implements Step {
        @Override
        public List<Tensor> inputs() {
            return table.type() == DType.F32 ? List.of(table) : List.of();
        }
    }

    record RmsNorm(Tensor out, Tensor rstd, Tensor x, Tensor w, float eps) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(x, w);
        }
    }

    record LayerNorm(Tensor out, Tensor mean, Tensor rstd, Tensor x, Tensor w, Tensor b, float eps) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(x, w, b);
        }
    }

    record MatMul(
            Tensor out,
            Tensor x,
            Tensor w,
            @Nullable Tensor bias,
            @Nullable Tensor residual) implements Step {
        @Override
        public List<Tensor> inputs() {
            var inputs = new ArrayList<>(List.of(x, w));
            if (bias != null) inputs.add(bias);
            if (residual != null) inputs.add(residual);
            return inputs;
        }
    }

    /** With packed weights, which do not learn. */
    record PackedMatMul(
            Tensor out,
            Tensor x,
            PackedWeights w,
            @Nullable Tensor bias,
            @Nullable Tensor residual) implements Step {
        @Override
        public List<Tensor> inputs() {
            var inputs = new ArrayList<>(List.of(x));
            if (bias != null) inputs.add(bias);
            if (residual != null) inputs.add(residual);
            return inputs;
        }
    }

    /** Added to what {@code out} held already: a gradient goes through it unchanged to what made it. */
    record Adapted(Tensor out, Tensor hidden, Tensor x, List<LowRank.Part> parts) implements Step {
        @Override
        public List<Tensor> inputs() {
            var inputs = new ArrayList<>(List.of(x));
            for (LowRank.Part part : parts) {
                inputs.add(part.a());
                inputs.add(part.b());
            }
            return inputs;
        }
    }

    record View(Tensor out, Tensor x) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(x);
        }
    }

    record Rope(Tensor out, Tensor x, int[] positions, Rotary rotary) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(x);
        }
    }

    record Attention(Tensor out, Tensor lse, Tensor q, KeyValues kv, Tokens tokens, Scoring scoring) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(q, kv.k(), kv.v());
        }
    }

    /** Into a cache, from where nothing flows back: no gradient, but {@link Replay} does it again. */
    record Store(KeyValues kv, Tensor k, Tensor v, Tokens tokens) implements Step {
        @Override
        public Tensor out() {
            return kv.k();
        }

        @Override
        public List<Tensor> inputs() {
            return List.of();
        }
    }

    record SwiGlu(Tensor out, Tensor gate, Tensor up) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(gate, up);
        }
    }

    record Gelu(Tensor out, Tensor x) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(x);
        }
    }

    record GeluExact(Tensor out, Tensor x) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(x);
        }
    }

    record SoftCap(Tensor out, Tensor x, float cap) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(x);
        }
    }

    record Multiply(Tensor out, Tensor a, Tensor b) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(a, b);
        }
    }

    record Route(Tensor out, int[] chosen, Tensor logits, Routing routing) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(logits);
        }
    }

    /** Each of {@code parts} scattered to its slots, on top of the residual. */
    record Mix(
            Tensor out,
            List<Tensor> parts,
            Tensor weights,
            List<int[]> slots,
            @Nullable Tensor residual) implements Step {
        @Override
        public List<Tensor> inputs() {
            var inputs = new ArrayList<>(parts);
            inputs.add(weights);
            if (residual != null) inputs.add(residual);
            return inputs;
        }
    }

    record Add(Tensor out, Tensor a, Tensor b) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(a, b);
        }
    }

    record Scale(Tensor out, Tensor x, float factor) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(x);
        }
    }

    record Gather(Tensor out, Tensor x, int[] rows) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(x);
        }
    }

    record Cast(Tensor out, Tensor x) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(x);
        }
    }

    record CrossEntropy(Tensor out, Tensor lse, Tensor logits, int[] targets) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(logits);
        }
    }

    /** A stretch that was run without being remembered; its backward runs it again, remembering. */
    record Block(Tensor out, Tensor x, BiFunction<Ops, Tensor, Tensor> body) implements Step {
        @Override
        public List<Tensor> inputs() {
            return List.of(x);
        }
    }
}
