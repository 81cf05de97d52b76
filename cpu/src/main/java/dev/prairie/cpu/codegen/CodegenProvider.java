package dev.prairie.cpu.codegen;

import dev.prairie.cpu.vector.VectorProvider;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.DeviceProvider;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Offers {@link CodegenDevice} on Linux on x86-64, where the system lets this process make code executable and the
 * processor has what {@link Isa} asks for. The probe tries it: it makes a function, calls it, and gives it back.
 */
public final class CodegenProvider implements DeviceProvider {
    private static final int BASE_SCORE = 200; // always above the Vector API, whose kernels it takes where it has none

    private final Supplier<SystemCalls> system;
    private final String machine;

    /** For {@link java.util.ServiceLoader}. */
    public CodegenProvider() {
        this(SystemCalls.Linux::new, System.getProperty("os.name", "") + " " + System.getProperty("os.arch", ""));
    }

    /** {@code system} is only asked for where {@code machine} is the right one. */
    CodegenProvider(Supplier<SystemCalls> system, String machine) {
        this.system = system;
        this.machine = machine;
    }

    @Override
    public String name() {
        return CodegenDevice.NAME;
    }

    @Override
    public Probe probe() {
        if (!machine.equals("Linux amd64"))
            return new Probe.Unusable("machine code is made for Linux on x86-64 alone, this is " + machine);
        if (new VectorProvider().probe() instanceof Probe.Unusable(String why))
            return new Probe.Unusable("it needs the Vector API's kernels beside its own: " + why);
        try {
            Features features = Features.detect(system.get());
            Optional<Isa> isa = Isa.of(features);
            if (isa.isPresent()) return new Probe.Usable(BASE_SCORE + isa.get().lanes());
            return new Probe.Unusable("the processor must have AVX2, FMA and F16C, and has " + features.present());
        } catch (SystemCalls.Refused e) {
            return new Probe.Unusable("no memory for machine code: " + e.getMessage());
        } catch (RuntimeException e) { // a C library without one of the calls; a probe never throws
            return new Probe.Unusable("machine code cannot be made here: " + e);
        }
    }

    @Override
    public Device open(int threads) {
        SystemCalls calls = system.get();
        Isa isa = Isa.of(Features.detect(calls))
                .orElseThrow(() -> new IllegalStateException("cpu:codegen: opened without a usable probe"));
        return new CodegenDevice(isa, calls, threads);
    }
}
