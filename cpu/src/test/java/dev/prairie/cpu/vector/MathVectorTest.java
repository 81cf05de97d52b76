package dev.prairie.cpu.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class MathVectorTest {
    private static float[] exp(float... x) {
        int padded = Math.ceilDiv(x.length, Memory.LANES) * Memory.LANES;
        try (Arena arena = Arena.ofShared()) {
            Tensor t = Tensor.zeros(arena, Shape.of(padded));
            for (int i = 0; i < x.length; i++) t.set(i, x[i]);
            MathVector.exp(Memory.at(t), x.length);
            return t.toFloats();
        }
    }

    @Test
    void expIsWithinTwoUnitsOfTheLastPlace() {
        var random = new Random(1);
        float[] x = new float[200_000];
        for (int j = 0; j < x.length; j++) x[j] = random.nextFloat(-86.8f, 88.7f);
        float[] y = exp(x);
        double worst = 0;
        for (int j = 0; j < x.length; j++) {
            double exact = Math.exp(x[j]);
            worst = Math.max(worst, Math.abs(y[j] - exact) / Math.ulp((float) exact));
        }
        assertThat(worst).isLessThan(2);
    }

    @Test
    void expAtTheEnds() {
        assertThat(exp(0f)[0]).isEqualTo(1f);
        assertThat(exp(-0f)[0]).isEqualTo(1f);
        assertThat(exp(Float.NEGATIVE_INFINITY)[0]).isZero();
        assertThat(exp(-1000f)[0]).isZero();
        assertThat(exp(-87.5f)[0]).isZero();
        assertThat(exp(88.7f)[0]).isBetween(3.2e38f, Float.MAX_VALUE);
        assertThat(exp(88.8f)[0]).isInfinite();
        assertThat(exp(1e30f)[0]).isInfinite();
        assertThat(exp(Float.POSITIVE_INFINITY)[0]).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(exp(Float.NaN)[0]).isNaN();
        assertThat(exp(Float.MIN_VALUE)[0]).isEqualTo(1f);
    }

    @Test
    void sumHasOneOrderInterpretedOrCompiled() {
        var random = new Random(2);
        float[] x = new float[Memory.LANES];
        for (int round = 0; round < 30_000; round++) {
            for (int i = 0; i < x.length; i++) x[i] = (random.nextFloat() - 0.5f) * (1 << random.nextInt(20));
            float[] halves = x.clone();
            for (int n = x.length / 2; n > 0; n /= 2) for (int i = 0; i < n; i++) halves[i] += halves[i + n];
            assertThat(MathVector.sum(FloatVector.fromArray(Memory.F, x, 0))).isEqualTo(halves[0]);
        }
    }
}
