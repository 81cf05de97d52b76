package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.prairie.cpu.vector.VectorProvider;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.DeviceProvider;
import dev.prairie.tensor.device.DeviceProvider.Probe;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.device.Peak;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * When generated code is offered, and what is said where it is not. A system that forbids executable memory is played
 * by {@link RecordingSystem}: in a process that is really under such a rule (Linux 6.3, {@code PR_SET_MDWE}) the JVM's
 * own compiler could not run either.
 */
class CodegenProviderTest {
    private static final String HERE = "Linux amd64";

    private static String unusable(Supplier<SystemCalls> system, String machine) {
        DeviceProvider provider = new CodegenProvider(system, machine);
        assertThat(provider.name()).isEqualTo("cpu:codegen");
        return assertThat(provider.probe())
                .asInstanceOf(type(Probe.Unusable.class))
                .actual()
                .why();
    }

    @Test
    void theReasonOfARefusalIsNamedAndNothingIsLeftBehind() {
        Isas.runnable();
        var noExecution = new RecordingSystem(false, true);
        assertThat(unusable(() -> noExecution, HERE)).contains("mprotect").contains("error 13 (access denied)");
        assertThat(noExecution.mapped).isEmpty();
        var noMemory = new RecordingSystem(true, false);
        assertThat(unusable(() -> noMemory, HERE)).contains("mmap").contains("error 12 (out of memory)");
        assertThat(noMemory.mapped).isEmpty();
    }

    @Test
    void theVectorTierRunsWhereExecutionIsRefused() {
        Isas.runnable();
        var refusing = new RecordingSystem(false, true);
        var devices = Devices.of(List.of(new VectorProvider(), new CodegenProvider(() -> refusing, HERE)));
        assertThat(devices.choose(Optional.empty()).name()).isEqualTo("cpu:vector");
        assertThat(devices.unusable()).singleElement().satisfies(u -> {
            assertThat(u.name()).isEqualTo("cpu:codegen");
            assertThat(u.why()).contains("mprotect");
        });
    }

    @Test
    void aProbeNeverThrows() {
        Isas.runnable();
        Supplier<SystemCalls> lacking = () -> {
            throw new NoSuchElementException("Symbol not found: mprotect");
        };
        assertThat(unusable(lacking, HERE)).contains("Symbol not found: mprotect");
    }

    @Test
    void otherMachinesAreNotAsked() {
        Supplier<SystemCalls> never = () -> {
            throw new AssertionError("asked");
        };
        assertThat(unusable(never, "Mac OS X aarch64"))
                .contains("Linux on x86-64")
                .contains("Mac OS X aarch64");
        assertThat(unusable(never, "Linux aarch64")).contains("Linux aarch64");
    }

    @Test
    void theDeviceIsFoundChosenOpenedAndClosed() {
        Isas.runnable();
        Devices.Usable found = Devices.probe().choose(Optional.empty());
        assertThat(found.name()).isEqualTo("cpu:codegen");
        try (Device device = found.provider().open(2)) {
            assertThat(device.name()).isEqualTo("cpu:codegen");
            assertThat(device.threads()).isEqualTo(2);
            assertThat(device.description())
                    .startsWith("AVX")
                    .contains("BF16 by")
                    .endsWith(", 2 threads");
            assertThat(device.kernels()).isInstanceOf(CodegenKernels.class);
            for (Peak peak : Peak.values())
                assertThat(device.measure(peak)).as(peak.name()).isGreaterThan(1e9);
        }
    }

    @Test
    void closingGivesAllPagesBack() {
        var system = RecordingSystem.willing();
        Isa isa = Isas.runnable().getLast();
        try (var device = new CodegenDevice(isa, system, 1)) {
            assertThat(device.description()).isEqualTo(isa + ", 1 thread");
            for (Peak peak : Peak.values()) assertThat(device.measure(peak)).isPositive();
        }
        assertThat(system.asked).isNotEmpty();
        assertThat(system.mapped).isEmpty();
    }
}
