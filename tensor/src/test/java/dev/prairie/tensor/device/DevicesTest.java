package dev.prairie.tensor.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.reference.ReferenceKernels;
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
    void aPrecisionIsHadOrRefusedWithTheWayOut() {
        try (Device reference = new ReferenceProvider().open(1)) {
            assertThat(reference.precisions()).containsExactly(DType.F32, DType.BF16);
            assertThat(reference.gradKernels(DType.BF16)).isNotNull();
        }
        Device plain = new Device() {
            @Override
            public String name() {
                return "plain";
            }

            @Override
            public String description() {
                return "";
            }

            @Override
            public int threads() {
                return 1;
            }

            @Override
            public Kernels kernels() {
                return new ReferenceKernels();
            }

            @Override
            public double measure(Peak peak) {
                return 1;
            }

            @Override
            public void close() {}
        };
        assertThat(plain.gradKernels(DType.F32)).isNotNull();
        assertThatThrownBy(() -> plain.gradKernels(DType.BF16))
                .isInstanceOf(DeviceException.class)
                .hasMessage("device: plain offers precision [F32], not BF16; take precision f32, or another device"
                        + " with --device");
    }

    @Test
    void theReferenceIsFoundThroughTheServiceLoader() {
        assertThat(Devices.probe().usable()).extracting(Devices.Usable::name).contains("reference");
    }
}
