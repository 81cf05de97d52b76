package dev.prairie.tensor.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.tensor.reference.ReferenceProvider;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DevicesTest {
    private record Fake(String name, Probe probe) implements DeviceProvider {
        @Override
        public Device open(int threads) {
            throw new IllegalStateException("not opened in this test");
        }
    }

    private final Devices devices = Devices.of(List.of(
            new ReferenceProvider(),
            new Fake("fast", new DeviceProvider.Probe.Usable(9)),
            new Fake("absent", new DeviceProvider.Probe.Unusable("no driver"))));

    @Test
    void theHighestScoreIsChosen() {
        assertThat(devices.choose(Optional.empty()).name()).isEqualTo("fast");
        assertThat(devices.choose(Optional.of("reference")).score()).isEqualTo(1);
        assertThat(devices.unusable()).containsExactly(new Devices.Unusable("absent", "no driver"));
    }

    @Test
    void aNamedDeviceIsHadOrRefusedNeverReplaced() {
        assertThatThrownBy(() -> devices.choose(Optional.of("absent")))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("usable are fast, reference")
                .hasMessageContaining("absent: no driver");
    }

    @Test
    void theReferenceIsFoundThroughTheServiceLoader() {
        assertThat(Devices.probe().usable()).extracting(Devices.Usable::name).contains("reference");
    }
}
