package dev.prairie.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class SideBySideTest {
    private static final SideBySide LINE = new SideBySide("small", "bf16", 2000.04, "libtorch 1", 1500.06, 0.00123456);

    @Test
    void lineOfJson() {
        assertThat(printed(LINE, true))
                .isEqualTo("{\"model\":\"small\",\"precision\":\"bf16\",\"ours\":{\"tokensPerSecond\":2000.0},"
                        + "\"peer\":{\"name\":\"libtorch 1\",\"tokensPerSecond\":1500.1},"
                        + "\"ratio\":1.333,\"lossDifference\":0.00123456}");
    }

    @Test
    void lineForPeople() {
        assertThat(printed(LINE, false))
                .isEqualTo("small, bf16: 2,000 tokens/s, libtorch 1: 1,500 tokens/s, 1.33 times;"
                        + " losses differ by at most 1.2e-03");
    }

    @Test
    void lossesThatAreNoNumbersAreNotShownAsEqual() {
        assertThat(printed(new SideBySide("small", "f32", 1, "b", 1, Double.NaN), true))
                .contains("\"lossDifference\":\"NaN\"");
    }

    private static String printed(SideBySide line, boolean json) {
        var text = new StringWriter();
        line.print(new PrintWriter(text), json);
        return text.toString().strip();
    }
}
