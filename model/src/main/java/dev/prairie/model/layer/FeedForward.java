package dev.prairie.model.layer;

import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.autograd.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The part of a layer that looks at one token alone: {@code (N, C) → (N, F) → (N, C)}. */
public sealed interface FeedForward {
    /** Of {@code x (N, C)}, added to {@code residual (N, C)} where there is one. {@code rows} may have adapters. */
    Tensor forward(Ops ops, Tensor x, @Nullable Tensor residual, AdapterRows rows);

    /** The Llama form: {@code down(activation(gate(x)) * up(x))}. */
    record Gated(Activation activation, Linear gate, Linear up, Linear down) implements FeedForward {
        @Override
        public Tensor forward(Ops ops, Tensor x, @Nullable Tensor residual, AdapterRows rows) {
            return down.forward(
                    ops, activation.gated(ops, gate.forward(ops, x, rows), up.forward(ops, x, rows)), residual, rows);
        }
    }

    /** The GPT-2 form: {@code down(activation(up(x)))}. */
    record Plain(Activation activation, Linear up, Linear down) implements FeedForward {
        @Override
        public Tensor forward(Ops ops, Tensor x, @Nullable Tensor residual, AdapterRows rows) {
            return down.forward(ops, activation.of(ops, up.forward(ops, x, rows)), residual, rows);
        }
    }

    /**
     * Experts of which each token visits a few (Shazeer et al. 2017, arXiv 1701.06538): {@code Σ weight · expert(x)} over
     * those that the router scores highest. An expert that no token chose is not run.
     *
     * @param router  {@code (E, C)}
     * @param active  how many experts a token visits
     * @param routing how scores become weights
     */
    record Mixture(Linear router, int active, Routing routing, List<FeedForward> experts) implements FeedForward {
        public Mixture {
            experts = List.copyOf(experts);
        }

        @Override
        public Tensor forward(Ops ops, Tensor x, @Nullable Tensor residual, AdapterRows rows) {
            Ops.Routes routes = ops.route(router.forward(ops, x, rows), active, routing);
            var parts = new ArrayList<Tensor>();
            var slots = new ArrayList<int[]>();
            for (int e = 0; e < experts.size(); e++) {
                int[] to = slots(routes.chosen(), e);
                if (to.length == 0) continue;
                int[] tokens = Arrays.stream(to).map(slot -> slot / active).toArray();
                parts.add(experts.get(e).forward(ops, ops.gather(x, tokens), null, rows.at(tokens)));
                slots.add(to);
            }
            return ops.mix(parts, routes.weights(), slots, residual);
        }

        private static int[] slots(int[] chosen, int expert) {
            return IntStream.range(0, chosen.length)
                    .filter(slot -> chosen[slot] == expert)
                    .toArray();
        }
    }

    /** Both added: experts that are chosen, and one that every token visits behind a gate of its own. */
    record Sum(FeedForward first, FeedForward second) implements FeedForward {
        @Override
        public Tensor forward(Ops ops, Tensor x, @Nullable Tensor residual, AdapterRows rows) {
            return second.forward(ops, x, first.forward(ops, x, residual, rows), rows);
        }
    }
}
