package dev.prairie.app.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.text.batch.Batch;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CurvesTest {
    private final List<String> turns = new ArrayList<>();

    /** Loses what it is told, one value a step. */
    private final class Told implements Run {
        private final String name;
        private final double[] losses;
        private int steps;

        Told(String name, double... losses) {
            this.name = name;
            this.losses = losses;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Step step(Batch batch, float rate) {
            turns.add(name + batch.ids()[0]);
            return new Step(losses[steps], ++steps * 0.5);
        }

        @Override
        public void close() {}
    }

    private Curves curves(Run... runs) {
        return Curves.of(List.of(runs), new ChainText(50, 2, 4, 3), 0.1f, 1, 3);
    }

    @Test
    void oneStepOfEachOnTheSameBatchBeforeTheNext() {
        curves(new Told("a", 1, 1, 1, 1), new Told("b", 1, 1, 1, 1));

        var text = new ChainText(50, 2, 4, 3);
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int id = text.next().ids()[0];
            expected.addAll(List.of("a" + id, "b" + id));
        }
        assertThat(turns).isEqualTo(expected);
    }

    @Test
    void timesLeaveTheWarmUpOutAndLossesKeepIt() {
        Curves curves = curves(new Told("a", 3, 2, 2, 2), new Told("b", 4, 2, 2, 2.5));

        assertThat(curves.medianSeconds(0)).isEqualTo(1.5); // of 1, 1.5, 2
        assertThat(curves.lossDifference(0, 1)).isCloseTo(0.25, within(1e-12));
        assertThat(curves.lossDifference(1, 0)).isCloseTo(1 / 3.0, within(1e-12));
    }

    @Test
    void lossThatIsNoNumberIsNoAgreement() {
        assertThat(curves(new Told("a", 3, Double.NaN, 2, 2), new Told("b", 3, 2, 2, 2))
                        .lossDifference(0, 1))
                .isNaN();
    }
}
