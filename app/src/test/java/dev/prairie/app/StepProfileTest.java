package dev.prairie.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.tensor.device.ProfiledKernels.Line;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class StepProfileTest {
    @Test
    void sharesAreOfTheWholeStepAndWhatIsInNoKernelShows() {
        var lines = List.of(
                new Line("matmulBackwardWeight", 20, 0.5), new Line("gelu", 10, 0.2), new Line("attention", 10, 0.1));
        var profile = StepProfile.of(lines, 1.0, 10);
        var out = new StringWriter();
        try (var writer = new PrintWriter(out)) {
            profile.lines(writer);
        }
        assertThat(out.toString().lines()).containsExactly("""
                {"op":"matmulBackwardWeight","calls":2,"millis":50.0,"share":0.5}
                {"op":"gelu","calls":1,"millis":20.0,"share":0.2}
                {"op":"attention","calls":1,"millis":10.0,"share":0.1}
                {"op":"other","calls":0,"millis":20.0,"share":0.2}
                {"outside":0.4}
                """.lines().toArray(String[]::new));
        var table = new StringWriter();
        try (var writer = new PrintWriter(table)) {
            profile.table(writer);
        }
        assertThat(table.toString()).contains("gelu", "20.0%", "outside matrix products and attention: 40.0 %");
    }
}
