package dev.prairie.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.Gradient;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReferenceKernelsTest {
    /** A little more than 1: BF16, with its step of 2⁻⁷ there, keeps of it only the 1. */
    private static final float BIT = 1 + 0x1p-9f;

    private final Arena arena = Arena.ofShared();

    @AfterEach
    void close() {
        arena.close();
    }

    private Tensor t(Shape shape, float... values) {
        return Tensor.of(arena, shape, values);
    }

    @Test
    void inBf16OperandsOfProductsAreRoundedAndNothingElse() {
        var kernels = new ReferenceKernels(DType.BF16);
        Tensor out = t(Shape.of(1, 1), 0);
        kernels.matmul(out, t(Shape.of(1, 1), BIT), t(Shape.of(1, 1), 1 + 3 * 0x1p-8f), t(Shape.of(1), 0x1p-12f), null);
        assertThat(out.get(0)).isEqualTo(1 + 0x1p-6f + 0x1p-12f); // 1 + 1.5 steps is a tie: to the even 2
        Tensor d = t(Shape.of(1, 1), Float.NaN);
        kernels.matmulBackwardInput(new Gradient(d, false), t(Shape.of(1, 1), BIT), t(Shape.of(1, 1), 3));
        assertThat(d.get(0)).isEqualTo(3);
        kernels.matmulBackwardWeight(new Gradient(d, true), t(Shape.of(1, 1), 3), t(Shape.of(1, 1), BIT));
        assertThat(d.get(0)).isEqualTo(6);
        kernels.biasBackward(new Gradient(d.view(Shape.of(1)), false), t(Shape.of(1, 1), BIT));
        assertThat(d.get(0)).isEqualTo(BIT);
        kernels.add(out, t(Shape.of(1, 1), BIT), t(Shape.of(1, 1), BIT));
        assertThat(out.get(0)).isEqualTo(2 * BIT);
    }

    @Test
    void weightsMayLieInMemoryAsBf16() {
        var kernels = new ReferenceKernels();
        Tensor w = t(Shape.of(2, 3), 1, -2, 0.5f, 3, 4, BIT);
        Tensor narrow = Tensor.zeros(arena, DType.BF16, Shape.of(2, 3));
        kernels.cast(narrow, w);
        Tensor x = t(Shape.of(1, 3), BIT, 2, 1);
        Tensor out = t(Shape.of(1, 2), 0, 0);
        kernels.matmul(out, x, narrow, null, null);
        assertThat(out.toFloats()).containsExactly(BIT - 3.5f, 3 * BIT + 9); // x as it is, w without its last bit
        Tensor dX = t(Shape.of(1, 3), 0, 0, 0);
        kernels.matmulBackwardInput(new Gradient(dX, false), t(Shape.of(1, 2), 1, 1), narrow);
        assertThat(dX.toFloats()).containsExactly(4, 2, 1.5f);
    }

    @Test
    void otherPrecisionsAreRefused() {
        assertThatThrownBy(() -> new ReferenceKernels(DType.F16))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("reference: precision F16, must be F32 or BF16");
    }
}
