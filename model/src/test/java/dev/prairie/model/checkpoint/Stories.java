package dev.prairie.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.generate.Generator;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.device.Kernels;
import dev.prairie.testing.Demand;
import java.io.IOException;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The trained model of the shared data: what it must say, whatever container its weights come from. */
record Stories(JsonNode expected) {
    static final Stories NONE = new Stories(new ObjectMapper().nullNode());

    static Stories read() throws IOException {
        return new Stories(
                new ObjectMapper().readTree(Demand.data("stories260k").resolve("expected.json")));
    }

    static Device bestDevice() {
        return Devices.probe().choose(Optional.empty()).provider().open(2);
    }

    int[] ids(String... path) {
        JsonNode node = expected;
        for (String name : path) node = node.path(name);
        return node.valueStream().mapToInt(JsonNode::intValue).toArray();
    }

    static int[] greedy(Transformer model, Kernels kernels, int count) {
        int[] made = new int[count];
        try (Generator.Session session = new Generator(model, kernels).open(count)) {
            int next = 1;
            for (int step = 0; step < count; step++) {
                float[] logits = session.feed(next);
                next = 0;
                for (int i = 1; i < logits.length; i++) if (logits[i] > logits[next]) next = i;
                made[step] = next;
            }
        }
        return made;
    }

    /** Logits, 200 greedy tokens, and how surprised it is by two texts. */
    void saysWhatItMust(Transformer model, Kernels kernels) {
        try (Slab slab = new Slab()) {
            logits(model, new Ops(kernels, slab));
            assertThat(greedy(model, kernels, 200)).containsExactly(ids("greedy_ids"));
            for (String text : new String[] {"cross_entropy", "cross_entropy_2"}) {
                slab.reset();
                assertThat(crossEntropy(model, new Ops(kernels, slab), ids(text, "ids")))
                        .as(text)
                        .isCloseTo(expected.path(text).path("mean").doubleValue(), within(1e-5));
            }
        }
    }

    private static double crossEntropy(Transformer model, Ops ops, int[] ids) {
        int[] inputs = new int[ids.length];
        inputs[0] = 1;
        System.arraycopy(ids, 0, inputs, 1, ids.length - 1);
        Tensor logits = model.forward(ops, Tokens.sequence(0, inputs), KvCache.NONE);
        double sum = 0;
        for (float loss : ops.crossEntropy(logits, ids).toFloats()) sum += loss;
        return sum / ids.length;
    }

    private void logits(Transformer model, Ops ops) {
        int[] inputs = expected.path("logits")
                .valueStream()
                .mapToInt(p -> p.path("input_id").intValue())
                .toArray();
        assertThat(inputs).hasSize(16);
        float[] found =
                model.forward(ops, Tokens.sequence(0, inputs), KvCache.NONE).toFloats();
        for (JsonNode position : expected.path("logits"))
            for (JsonNode top : position.path("top5"))
                assertThat(found[
                                position.path("position").intValue() * 512
                                        + top.path(0).intValue()])
                        .isCloseTo((float) top.path(1).doubleValue(), within(1e-4f));
    }
}
