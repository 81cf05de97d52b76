package dev.prairie.model.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.model.reference.OneFileGpt.Config;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OneFileGptTest {
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void gradientsAreThoseOfFiniteDifferences(boolean tied) {
        var gpt = new OneFileGpt(new Config(7, 5, 2, 6, 2, 9, tied), 1);
        Random random = new Random(2);
        // Far from where it starts, so that no gradient is small only because its neighbours are.
        gpt.parameters().values().forEach(w -> {
            for (int i = 0; i < w.length; i++) w[i] += (float) (0.3 * random.nextGaussian());
        });
        int[] ids = random.ints(8, 0, 7).toArray();
        int[] targets = random.ints(8, 0, 7).toArray();
        targets[3] = -1;
        gpt.loss(ids, targets, 2, 4);
        gpt.zeroGradients();
        gpt.backward();
        gpt.parameters().forEach((name, w) -> {
            float[] gradient = found(gpt.gradients(), name).clone();
            for (int i = 0; i < w.length; i += Math.max(1, w.length / 5)) {
                float kept = w[i];
                float step = 1e-2f;
                w[i] = kept + step;
                double up = gpt.loss(ids, targets, 2, 4);
                w[i] = kept - step;
                double down = gpt.loss(ids, targets, 2, 4);
                w[i] = kept;
                assertThat(gradient[i])
                        .as("%s[%d]", name, i)
                        .isCloseTo((float) ((up - down) / (2 * step)), within(2e-3f));
            }
        });
    }

    @Test
    void learnsToRepeatAPattern() {
        int[] pattern = {3, 1, 4, 1, 5, 2, 0, 3, 1, 4, 1, 5, 2, 0, 3, 1};
        var gpt = new OneFileGpt(new Config(6, 8, 1, 16, 2, 32, true), 5);
        int[] inputs = new int[7 * 8];
        int[] targets = new int[7 * 8];
        for (int b = 0; b < 7; b++) {
            System.arraycopy(pattern, b, inputs, b * 8, 8);
            System.arraycopy(pattern, b + 1, targets, b * 8, 8);
        }
        float before = gpt.loss(inputs, targets, 7, 8);
        for (int step = 0; step < 150; step++) {
            gpt.loss(inputs, targets, 7, 8);
            gpt.zeroGradients();
            gpt.backward();
            gpt.adamW(1e-2f, 0.9f, 0.99f, 1e-8f, 0.01f);
        }
        assertThat(before).isCloseTo((float) Math.log(6), within(0.1f));
        assertThat(gpt.loss(inputs, targets, 7, 8)).isLessThan(0.3f);
        int[] prompt = Arrays.copyOf(pattern, 4);
        assertThat(gpt.generate(prompt, 10, 0, 1)).containsExactly(Arrays.copyOfRange(pattern, 4, 14));
        assertThat(gpt.generate(prompt, 10, 1, 7)).containsExactly(gpt.generate(prompt, 10, 1, 7));
    }

    @Test
    void drawsInProportionToTheSoftmax() {
        var gpt = new OneFileGpt(new Config(2, 1, 1, 1, 1, 1, false), 1);
        found(gpt.parameters(), "norm.bias")[0] = 1;
        found(gpt.parameters(), "norm.weight")[0] = 0;
        found(gpt.parameters(), "head.weight")[0] = (float) Math.log(3);
        found(gpt.parameters(), "head.weight")[1] = 0; // logits log 3 and 0: three of four are id 0
        long zeros = Arrays.stream(gpt.generate(new int[] {0}, 4000, 1, 3))
                .filter(id -> id == 0)
                .count();
        assertThat(zeros / 4000.0).isCloseTo(0.75, within(0.03));
    }

    @Test
    void saysWhatIsWrong() {
        var gpt = new OneFileGpt(new Config(7, 5, 1, 6, 2, 9, true), 1);
        assertThatThrownBy(gpt::backward).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> gpt.forward(new int[6], 1, 6)).hasMessageContaining("context of 5");
        assertThatThrownBy(() -> gpt.forward(new int[6], 4, 2)).hasMessageContaining("6 ids must fill 4 rows of 2");
        assertThatThrownBy(() -> gpt.forward(new int[] {7}, 1, 1)).hasMessageContaining("id 7 must be from 0 to 6");
        assertThatThrownBy(() -> gpt.loss(new int[] {1}, new int[] {-2}, 1, 1)).hasMessageContaining("target -2");
        assertThatThrownBy(() -> gpt.generate(new int[0], 1, 0, 1)).hasMessageContaining("got 0 ids");
        assertThatThrownBy(() -> gpt.generate(new int[1], 1, Double.NaN, 1)).hasMessageContaining("temperature NaN");
        assertThatThrownBy(() -> new Config(7, 5, 1, 6, 4, 9, true)).hasMessageContaining("width 6 over 4 heads");
    }

    private static float[] found(Map<String, float[]> map, String name) {
        return Objects.requireNonNull(map.get(name), name);
    }
}
