package dev.prairie.train.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.testing.Demand;
import dev.prairie.train.optimizer.Schedule.Kind;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ScheduleTest {
    @Test
    void cosineRisesThenFallsToTheFloor() {
        var s = new Schedule(Kind.COSINE, 1e-3f, 1e-4f, 100, 2000, 0.2f);
        assertThat(s.at(1)).isCloseTo(1e-3f / 101, within(1e-8f));
        assertThat(s.at(100)).isCloseTo(1e-3f * 100 / 101, within(1e-8f));
        assertThat(s.at(1050)).isCloseTo(5.5e-4f, within(1e-7f));
        assertThat(s.at(2000)).isCloseTo(1e-4f, within(1e-9f));
        for (int step = 101; step <= 2000; step++) assertThat(s.at(step)).isLessThanOrEqualTo(s.at(step - 1) + 1e-5f);
    }

    @Test
    void wsdStaysAndThenFallsInALine() {
        var s = new Schedule(Kind.WSD, 1, 0, 10, 100, 0.2f);
        assertThat(s.at(11)).isEqualTo(1);
        assertThat(s.at(80)).isEqualTo(1);
        assertThat(s.at(90)).isCloseTo(0.5f, within(1e-6f));
        assertThat(s.at(100)).isZero();
    }

    @Test
    void impossibleOnesAreNamed() {
        assertThatThrownBy(() -> new Schedule(Kind.COSINE, 1e-4f, 1e-3f, 0, 10, 1))
                .hasMessageContaining("1.0E-4");
        assertThatThrownBy(() -> new Schedule(Kind.COSINE, 1, 0, 0, 0, 1)).hasMessageContaining("0 steps");
    }

    /** The rise differs by convention (ours reaches the peak one step later); what follows it does not. */
    @Test
    void cosineAgreesWithPublishedValues() throws Exception {
        for (JsonNode c :
                JsonMapper.shared().readTree(Files.readString(Demand.data("tokenizers/cs336/nn-cases.json")))) {
            if (!c.path("name").stringValue().equals("lr_cosine_schedule")) continue;
            var s = new Schedule(Kind.COSINE, 1, 0.1f, 7, 21, 0.2f);
            for (int step = 8; step <= 21; step++)
                assertThat((double) s.at(step))
                        .isCloseTo(c.path("expected").get(step).doubleValue(), within(1e-6));
            return;
        }
        throw new AssertionError("the case is gone");
    }
}
