package dev.prairie.cpu.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class MathVectorTest {
    private static float exp(float x) {
        return MathVector.exp(FloatVector.broadcast(Memory.F, x)).lane(0);
    }

    @Test
    void expIsWithinTwoUnitsOfTheLastPlace() {
        var random = new Random(1);
        float[] x = new float[Memory.LANES];
        double worst = 0;
        for (int i = 0; i < 20_000; i++) {
            for (int j = 0; j < x.length; j++) x[j] = random.nextFloat(-86.8f, 88.7f);
            float[] y = MathVector.exp(FloatVector.fromArray(Memory.F, x, 0)).toArray();
            for (int j = 0; j < x.length; j++) {
                double exact = Math.exp(x[j]);
                worst = Math.max(worst, Math.abs(y[j] - exact) / Math.ulp((float) exact));
            }
        }
        assertThat(worst).isLessThan(2);
    }

    @Test
    void expAtTheEnds() {
        assertThat(exp(0f)).isEqualTo(1f);
        assertThat(exp(-0f)).isEqualTo(1f);
        assertThat(exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(exp(-1000f)).isZero();
        assertThat(exp(-87.5f)).isZero();
        assertThat(exp(88.7f)).isBetween(3.2e38f, Float.MAX_VALUE);
        assertThat(exp(88.8f)).isInfinite();
        assertThat(exp(1e30f)).isInfinite();
        assertThat(exp(Float.POSITIVE_INFINITY)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(exp(Float.NaN)).isNaN();
        assertThat(exp(Float.MIN_VALUE)).isEqualTo(1f);
    }

    @Test
    void sigmoidReachesBothEnds() {
        float[] x = {-200f, -100f, -1f, 0f, 1f, 100f, 200f};
        for (float v : x) {
            float y = MathVector.sigmoid(FloatVector.broadcast(Memory.F, v)).lane(0);
            assertThat((double) y).isCloseTo(1 / (1 + Math.exp(-v)), org.assertj.core.data.Offset.offset(2e-7));
        }
    }

    @Test
    void lanesBelowCountsFromZero() {
        for (int n = -2; n <= Memory.LANES + 2; n++)
            assertThat(MathVector.lanesBelow(n).trueCount()).isEqualTo(Math.clamp(n, 0, Memory.LANES));
    }
}
