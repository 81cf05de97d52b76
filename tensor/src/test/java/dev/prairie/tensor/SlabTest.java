package dev.prairie.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SlabTest {
    @Test
    void growsOnceAndThenFitsEveryStep() {
        try (var slab = new Slab()) {
            for (int i = 0; i < 10; i++) slab.allocate(DType.F32, Shape.of(100_000));
            long grown = slab.peak();
            slab.reset();
            for (int i = 0; i < 10; i++) slab.allocate(DType.F32, Shape.of(100_000));
            assertThat(slab.bytesInUse()).isLessThanOrEqualTo(grown).isEqualTo(10 * 400_000L);
        }
    }

    @Test
    void keepsOneTensorOfAStretch() {
        try (var slab = new Slab()) {
            slab.allocate(DType.F32, Shape.of(3));
            Slab.Mark mark = slab.mark();
            slab.allocate(DType.F32, Shape.of(2));
            Tensor y = slab.allocate(DType.F32, Shape.of(40));
            for (int i = 0; i < 40; i++) y.set(i, i);
            Tensor kept = slab.keep(mark, y);
            assertThat(kept.get(39)).isEqualTo(39);
            assertThat(slab.bytesInUse()).isEqualTo(64 + 192);
        }
    }

    @Test
    void tensorsRefuseWhatDoesNotFit() {
        try (var slab = new Slab()) {
            Tensor t = slab.zeros(DType.F32, Shape.of(2, 3));
            assertThatThrownBy(() -> t.view(Shape.of(7))).hasMessage("view: (2, 3) has 6 elements, (7) has 7");
            assertThatThrownBy(() -> t.slice(1, 3)).hasMessage("slice: rows 1 to 3 of (2, 3)");
            assertThat(t.slice(1, 2).shape()).isEqualTo(Shape.of(1, 3));
            assertThatThrownBy(() -> Shape.of(2, -1)).hasMessageContaining("negative");
            assertThatThrownBy(() -> Shape.of(1 << 30, 1 << 30, 1 << 30)).isInstanceOf(ArithmeticException.class);
        }
    }
}
