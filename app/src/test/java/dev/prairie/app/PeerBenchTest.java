package dev.prairie.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.tensor.DType;
import org.junit.jupiter.api.Test;

class PeerBenchTest {
    private static final PeerBench.Line LINE =
            new PeerBench.Line("small", DType.BF16, "cpu:vector", 2000.04, "libtorch 1", 1500.06, 0.00123456);

    @Test
    void lineOfJson() {
        assertThat(LINE.json())
                .isEqualTo("{\"model\":\"small\",\"precision\":\"bf16\","
                        + "\"ours\":{\"device\":\"cpu:vector\",\"tokensPerSecond\":2000.0},"
                        + "\"peer\":{\"name\":\"libtorch 1\",\"tokensPerSecond\":1500.1},"
                        + "\"ratio\":1.333,\"lossDifference\":0.001235}");
    }

    @Test
    void lineForPeople() {
        assertThat(LINE)
                .hasToString("small: cpu:vector BF16 2,000 tokens/s, libtorch 1 1,500: 1.33 times;"
                        + " losses differ by at most 0.123 %");
    }

    @Test
    void lossesThatAreNoNumbersAreNotShownAsEqual() {
        assertThat(new PeerBench.Line("small", DType.F32, "a", 1, "b", 1, Double.NaN).json())
                .contains("\"lossDifference\":\"NaN\"");
    }
}
