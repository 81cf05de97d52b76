package dev.prairie.model.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.model.cache.KvCache;
import dev.prairie.model.transformer.HeadForm;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Tape;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.device.GradKernels;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Three who know nothing of each other: gradients by hand, the tape on the definition, the tape on each fast device. */
class AgreementTest {
    private final Arena arena = Arena.ofShared();
    private final Slab slab = new Slab();

    @AfterEach
    void close() {
        slab.close();
        arena.close();
    }

    /** A model of odd sizes and one of the shape that people train, on every device of this machine. */
    static Stream<Arguments> cases() {
        return Devices.probe().usable().stream()
                .flatMap(device -> Stream.of(
                        Arguments.of(device, new OneFileGpt.Config(29, 11, 3, 15, 3, 22, false), 3, 9),
                        Arguments.of(device, new OneFileGpt.Config(65, 32, 2, 64, 4, 256, true), 4, 32)));
    }

    private static TransformerConfig config(OneFileGpt.Config c) {
        var gpt2 = TransformerConfig.gpt2(c.vocabulary(), c.context(), c.layers(), c.width(), c.heads());
        return gpt2.withFeedForward(gpt2.feedForward().withWidth(c.feedForward()))
                .withHead(HeadForm.tied(c.tied()));
    }

    /** A Transformer of the same weights, and gradients to add to. */
    private final class Twin {
        final Transformer model;
        final Map<Tensor, Tensor> gradients = new HashMap<>();

        Twin(OneFileGpt gpt, OneFileGpt.Config config) {
            TransformerConfig c = config(config);
            var parameters = new LinkedHashMap<String, Tensor>();
            c.parameterShapes()
                    .forEach((name, shape) ->
                            parameters.put(name, Tensor.of(arena, shape, found(gpt.parameters(), name))));
            model = new Transformer(c, parameters);
            parameters.values().forEach(p -> gradients.put(p, Tensor.zeros(arena, p.shape())));
        }

        float step(GradKernels kernels, int[] ids, int[] targets, int rows) {
            slab.reset();
            gradients.values().forEach(Tensor::zero);
            var tape = new Tape(kernels, slab, gradients, false);
            Tensor losses = tape.crossEntropy(model.forward(tape, Tokens.rows(rows, ids), KvCache.NONE), targets);
            int counted = (int) Arrays.stream(targets).filter(t -> t >= 0).count();
            tape.backward(losses, 1f / counted);
            double sum = 0;
            for (float loss : losses.toFloats()) sum += loss;
            return (float) (sum / counted);
        }

        Tensor gradient(String name) {
            return found(gradients, found(model.parameters(), name));
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossAndEveryGradient(Devices.Usable device, OneFileGpt.Config config, int rows, int length) {
        var gpt = new OneFileGpt(config, 11);
        stir(gpt, 12);
        int[] ids = ids(13, rows * length, config.vocabulary());
        int[] targets = ids(14, rows * length, config.vocabulary());
        targets[2] = -1;
        float expected = gpt.loss(ids, targets, rows, length);
        gpt.zeroGradients();
        gpt.backward();
        try (Device opened = device.provider().open(2)) {
            var twin = new Twin(gpt, config);
            float loss = twin.step((GradKernels) opened.kernels(), ids, targets, rows);
            assertThat(loss).isCloseTo(expected, within(1e-5f));
            // Some gradients are zero but for rounding: no bias of the keys can change a softmax.
            double rounding = 1e-7
                    * gpt.gradients().values().stream()
                            .mapToDouble(AgreementTest::rms)
                            .max()
                            .orElse(0);
            assertThat(twin.model.parameters()).hasSameSizeAs(gpt.gradients());
            gpt.gradients().forEach((name, byHand) -> {
                float[] byTape = twin.gradient(name).toFloats();
                double[] off = new double[byHand.length];
                for (int i = 0; i < off.length; i++) off[i] = byTape[i] - byHand[i];
                assertThat(Math.sqrt(Arrays.stream(off).map(x -> x * x).sum() / off.length))
                        .as("%s: rms of the difference, rms %s", name, rms(byHand))
                        .isLessThan(1e-4 * rms(byHand) + rounding);
                for (int i = 0; i < off.length; i++)
                    assertThat(Math.abs(off[i]))
                            .as("%s[%d]: %s by hand, %s by the tape", name, i, byHand[i], byTape[i])
                            .isLessThan(1e-4 * (Math.abs(byHand[i]) + rms(byHand)) + 10 * rounding);
            });
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void twentyStepsOfAdamW(Devices.Usable device, OneFileGpt.Config config, int rows, int length) {
        var gpt = new OneFileGpt(config, 21);
        try (Device opened = device.provider().open(2)) {
            GradKernels kernels = (GradKernels) opened.kernels();
            var twin = new Twin(gpt, config);
            var moments = new HashMap<Tensor, List<Tensor>>();
            for (Tensor p : twin.model.parameters().values())
                moments.put(p, List.of(Tensor.zeros(arena, p.shape()), Tensor.zeros(arena, p.shape())));
            float first = 0;
            float last = 0;
            for (int step = 1; step <= 20; step++) {
                int[] ids = ids(30 + step % 3, rows * length, config.vocabulary());
                int[] targets = ids(40 + step % 3, rows * length, config.vocabulary());
                last = gpt.loss(ids, targets, rows, length);
                if (step == 1) first = last;
                gpt.zeroGradients();
                gpt.backward();
                gpt.adamW(3e-3f, 0.9f, 0.95f, 1e-8f, 0.1f);
                assertThat(twin.step(kernels, ids, targets, rows))
                        .as("step %d", step)
                        .isCloseTo(last, within(1e-4f));
                var parameters = new ArrayList<GradKernels.Parameter>();
                for (Tensor p : twin.model.parameters().values()) {
                    float decay = Transformer.decays(p) ? 0.1f : 0;
                    List<Tensor> m = found(moments, p);
                    parameters.add(new GradKernels.Parameter(p, found(twin.gradients, p), m.get(0), m.get(1), decay));
                }
                kernels.adamW(parameters, new GradKernels.AdamW(3e-3f, 0.9f, 0.95f, 1e-8f, step, 1));
            }
            assertThat(last).isLessThan(first - 0.2f);
        }
    }

    /** Weights far from their start, biases and norms too, so that no term of any gradient hides. */
    private static void stir(OneFileGpt gpt, long seed) {
        Random random = new Random(seed);
        gpt.parameters().values().forEach(w -> {
            for (int i = 0; i < w.length; i++) w[i] += (float) (0.1 * random.nextGaussian());
        });
    }

    private static int[] ids(long seed, int count, int below) {
        return new Random(seed).ints(count, 0, below).toArray();
    }

    private static double rms(float[] values) {
        double sum = 0;
        for (float v : values) sum += (double) v * v;
        return Math.sqrt(sum / values.length);
    }

    private static <K, V> V found(Map<K, V> map, K key) {
        return Objects.requireNonNull(map.get(key), () -> "no " + key);
    }
}
