package dev.prairie.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Slab;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
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
        assertThatThrownBy(() -> ops.add(a, b)).hasMessage("add: (2, 3) and (4, 5) differ");
        assertThatThrownBy(() -> ops.embedding(a, new int[] {1, 2}))
                .hasMessage("embedding: id 1 is 2, must be from 0 to 1");
        assertThatThrownBy(() -> ops.crossEntropy(a, new int[] {0, 3})).hasMessageContaining("target 1 is 3");
        Tensor q = t(Shape.of(2, 1, 2), new float[4]);
        assertThatThrownBy(() -> ops.attention(
                        q,
                        new KeyValues(q, q, new int[][] {{0, 1}}, 1),
                        new Tokens(new int[2], new int[] {4, 5}, new int[] {0, 2}),
                        1))
                .hasMessageContaining("sequence 0 needs 6 positions");
        assertThatThrownBy(() -> new Tokens(new int[2], new int[] {0, 5}, new int[] {0, 2}))
                .hasMessage("tokens: position of token 1 is 5, must be 1");
    }
}
