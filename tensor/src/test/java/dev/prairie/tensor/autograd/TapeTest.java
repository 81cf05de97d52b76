package dev.prairie.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TapeTest {
    private final Arena arena = Arena.ofShared();
    private final Slab slab = new Slab();
    private final ReferenceKernels kernels = new ReferenceKernels();

    @AfterEach
    void close() {
        slab.close();
        arena.close();
    }

    private Tensor t(Shape shape, float... values) {
        return Tensor.of(arena, shape, values);
    }

    @Test
    void whatLeadsToNothingTrainableIsNotRemembered() {
        Tensor frozen = t(Shape.of(2), 1, 2);
        Tensor learns = t(Shape.of(2), 3, 4);
        Tensor gradient = Tensor.zeros(arena, Shape.of(2));
        var tape = new Tape(kernels, slab, Map.of(learns, gradient), false);
        Tensor constant = tape.gelu(tape.scale(frozen, 2));
        assertThat(tape.size()).isZero();
        Tensor out = tape.add(constant, tape.scale(learns, 5));
        assertThat(tape.size()).isEqualTo(2);
        tape.backward(out, t(Shape.of(2), 1, 10));
        assertThat(gradient.toFloats()).containsExactly(5, 50);
    }

    @Test
    void gradientsAddUpOverBatches() {
        Tensor w = t(Shape.of(1), 3);
        Tensor gradient = Tensor.zeros(arena, Shape.of(1));
        for (int i = 0; i < 3; i++) {
            slab.reset();
            var tape = new Tape(kernels, slab, Map.of(w, gradient), false);
            tape.backward(tape.scale(w, 2), 0.5f);
        }
        assertThat(gradient.get(0)).isEqualTo(3);
    }

    @Test
    void gradientsThatHoldNothingAreWrittenOver() {
        Tensor w = t(Shape.of(2), 3, 4);
        Tensor untouched = t(Shape.of(2), 5, 6);
        Tensor dW = t(Shape.of(2), Float.NaN, 7);
        Tensor dUntouched = t(Shape.of(2), Float.NaN, 8);
        var trainable = Map.of(w, dW, untouched, dUntouched);
        var tape = new Tape(kernels, slab, trainable, false, false);
        // Twice: the first gradient that comes is written, the second added to it.
        tape.backward(tape.add(tape.scale(w, 2), tape.scale(w, 5)), t(Shape.of(2), 1, 10));
        assertThat(dW.toFloats()).containsExactly(7, 70);
        assertThat(dUntouched.toFloats()).containsExactly(0, 0);
        var second = new Tape(kernels, slab, trainable, true, false);
        second.backward(second.scale(w, 1), t(Shape.of(2), 1, 1));
        assertThat(dW.toFloats()).containsExactly(8, 71);
        assertThat(dUntouched.toFloats()).containsExactly(0, 0);
        var nothing = new Tape(kernels, slab, trainable, false, false);
        nothing.backward(nothing.scale(t(Shape.of(2), 1, 1), 1), t(Shape.of(2), 1, 1));
        assertThat(dW.toFloats()).containsExactly(0, 0);
    }

    @Test
    void viewsShareWhetherTheirGradientIsWritten() {
        Tensor w = t(Shape.of(2, 2), 1, 2, 3, 4);
        Tensor gradient = t(Shape.of(2, 2), Float.NaN, Float.NaN, Float.NaN, Float.NaN);
        var tape = new Tape(kernels, slab, Map.of(w, gradient), false, false);
        Tensor x = tape.scale(w, 1);
        Tensor flat = tape.view(tape.view(x, Shape.of(1, 4)), Shape.of(4));
        Tensor out = tape.add(tape.scale(flat, 2), tape.view(tape.scale(x, 10), Shape.of(4)));
        tape.backward(out, t(Shape.of(4), 1, 1, 1, 1));
        assertThat(gradient.toFloats()).containsOnly(12);
    }

    @Test
    void aResidualTakesOverTheMemoryOfWhatComesBack() {
        Tensor identity = t(Shape.of(2, 2), 1, 0, 0, 1);
        Tensor w = t(Shape.of(4096, 2), new float[8192]);
        Tensor gradient = Tensor.zeros(arena, Shape.of(4096, 2));
        var tape = new Tape(kernels, slab, Map.of(w, gradient), false, false);
        Tensor x = tape.scale(w, 1);
        for (int i = 0; i < 10; i++) x = tape.matmul(tape.gelu(x), identity, null, x);
        long forward = slab.bytesInUse();
        float[] ones = new float[8192];
        Arrays.fill(ones, 1);
        tape.backward(x, t(Shape.of(4096, 2), ones));
        // gelu has slope 1/2 at zero, so every layer makes 1.5 of 1; one gradient for the stream, one for each gelu.
        assertThat(gradient.get(8191)).isEqualTo((float) Math.pow(1.5, 10));
        assertThat(slab.bytesInUse() - forward).isEqualTo(11 * 4 * 8192);
    }

    @Test
    void aParameterNeitherGivesNorTakesMemory() {
        Tensor a = t(Shape.of(2), 1, 2);
        Tensor b = t(Shape.of(2), 3, 4);
        Tensor dA = t(Shape.of(2), Float.NaN, Float.NaN);
        Tensor dB = t(Shape.of(2), Float.NaN, Float.NaN);
        var tape = new Tape(kernels, slab, Map.of(a, dA, b, dB), false, false);
        tape.backward(tape.add(tape.add(a, b), a), t(Shape.of(2), 1, 5));
        assertThat(dA.toFloats()).containsExactly(2, 10);
        assertThat(dB.toFloats()).containsExactly(1, 5);
    }

    @Test
    void theGradientOfLogitsTakesTheirPlaceWhereNothingElseReadsThem() {
        Tensor x = t(Shape.of(1, 2), 1, 2);
        Tensor w = t(Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
        for (boolean shared : new boolean[] {false, true}) {
            Tensor gradient = Tensor.zeros(arena, Shape.of(3, 2));
            var tape = new Tape(kernels, slab, Map.of(w, gradient), false, false);
            Tensor logits = tape.matmul(x, w, null);
            Tensor losses = tape.crossEntropy(logits, new int[] {1});
            if (shared) tape.gelu(logits);
            float[] before = logits.toFloats();
            tape.backward(losses, 1);
            if (shared) assertThat(logits.toFloats()).isEqualTo(before);
            else assertThat(logits.get(0) + logits.get(1) + logits.get(2)).isCloseTo(0, within(1e-6f));
            assertThat(gradient.get(2)).isCloseTo((float) -(1 - 1 / (1 + Math.exp(-6) + Math.exp(6))), within(1e-6f));
        }
    }

    @Test
    void recomputeKeepsTheBitsAndNoMemoryOfABlock() {
        Tensor w = t(Shape.of(2, 2), 0.3f, -0.2f, 0.5f, 0.7f);
        Tensor start = t(Shape.of(512, 2), new float[1024]);
        for (int i = 0; i < 1024; i++) start.set(i, (i % 37 - 18) / 9f);
        float[][] gradients = new float[2][];
        for (int i = 0; i < 2; i++) {
            slab.reset();
            Tensor dStart = Tensor.zeros(arena, Shape.of(512, 2));
            Tensor dW = Tensor.zeros(arena, Shape.of(2, 2));
            var tape = new Tape(kernels, slab, Map.of(w, dW, start, dStart), false, i == 1);
            Tensor x = tape.scale(start, 1);
            for (int l = 0; l < 3; l++) {
                x = tape.block(x, (o, h) -> o.matmul(o.gelu(h), w, null, h));
                x = tape.block(x, (o, h) -> o.gelu(o.matmul(h, w, null))); // its gradient lies inside the block
            }
            long forward = slab.bytesInUse();
            tape.backward(x, start);
            if (i == 1) assertThat(slab.bytesInUse() - forward).isEqualTo(4 * 4096); // the seed, one a gelu
            gradients[i] = dStart.toFloats();
            assertThat(dW.get(0)).isNotZero();
        }
        assertThat(gradients[1]).isEqualTo(gradients[0]);
    }

    @Test
    void recomputeForgetsTheInsidesAndKeepsOneOutput() {
        Tensor w = t(Shape.of(1, 1), 0.3f);
        var plain = new Tape(kernels, new Slab(), Map.of(w, Tensor.zeros(arena, Shape.of(1, 1))), false);
        var thrifty = new Tape(kernels, slab, Map.of(w, Tensor.zeros(arena, Shape.of(1, 1))), true);
        for (Tape tape : new Tape[] {plain, thrifty}) {
            Tensor x = t(Shape.of(4096, 1), new float[4096]);
            for (int l = 0; l < 20; l++) x = tape.block(x, (o, h) -> o.gelu(o.gelu(o.gelu(o.matmul(h, w, null)))));
        }
        assertThat(thrifty.size()).isEqualTo(20);
        assertThat(plain.size()).isEqualTo(80);
        assertThat(slab.bytesInUse()).isLessThan(plain.slab().bytesInUse() / 3);
        plain.slab().close();
    }

    @Test
    void badShapesAreRefusedAtTheDoorWithBothValues() {
        var ops = new Ops(kernels, slab);
        Tensor a = t(Shape.of(2, 3), new float[6]);
        Tensor b = t(Shape.of(4, 5), new float[20]);
        assertThatThrownBy(() -> ops.matmul(a, b, null))
                .isInstanceOf(ShapeException.class)
                .hasMessage("matmul: x(2, 3) and w(4, 5) disagree on C");
        assertThatThrownBy(() -> ops.matmul(a, a, null, a))
                .hasMessage("matmul: the product is (2, 2) but residual(2, 3)");
        assertThatThrownBy(() -> ops.add(a, b)).hasMessage("add: (2, 3) and (4, 5) differ");
        assertThatThrownBy(() -> ops.embedding(a, new int[] {1, 2}))
                .hasMessage("embedding: id 1 is 2, must be from 0 to 1");
        assertThatThrownBy(() -> ops.crossEntropy(a, new int[] {0, 3})).hasMessageContaining("target 1 is 3");
        Tensor q = t(Shape.of(2, 1, 2), new float[4]);
        assertThatThrownBy(() -> ops.attention(
                        q,
                        new KeyValues(q, q, new int[][] {{0, 1}}, 1),
                        new Tokens(new int[2], new int[] {4, 5}, new int[] {0, 2}),
                        Scoring.causal(1)))
                .hasMessageContaining("sequence 0 needs 6 positions");
        assertThatThrownBy(() -> new Tokens(new int[2], new int[] {0, 5}, new int[] {0, 2}))
                .hasMessage("tokens: position of token 1 is 5, must be 1");
    }
}
