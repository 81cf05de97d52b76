package dev.prairie.cpu.vector;

import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.DeviceProvider;
import java.util.Locale;

/** Offers {@link CpuDevice} where the Vector API is present, compiled, and at least 128 bits wide. */
public final class VectorProvider implements DeviceProvider {
    private static final String MODULE = "jdk.incubator.vector";
    private static final int BASE_SCORE = 100;
    private static final int LEAST_BITS = 128;

    /** For {@link java.util.ServiceLoader}. */
    public VectorProvider() {}

    @Override
    public String name() {
        return CpuDevice.NAME;
    }

    @Override
    public Probe probe() {
        if (ModuleLayer.boot().findModule(MODULE).isEmpty())
            return new Probe.Unusable(
                    "the module " + MODULE + " is not there; start java with --add-modules " + MODULE);
        if (!VectorProvider.class.getModule().isNativeAccessEnabled())
            return new Probe.Unusable(
                    "kernels work on memory outside the heap; start java with --enable-native-access=dev.prairie.cpu");
        String mode = System.getProperty("java.vm.info", "").toLowerCase(Locale.ROOT);
        String vm = System.getProperty("java.vm.name", "").toLowerCase(Locale.ROOT);
        if (mode.contains("interpreted") || mode.contains("client") || vm.contains("client"))
            return new Probe.Unusable("vectors need the optimising compiler (C2), and this JVM runs in " + mode
                    + "; start java without -Xint and -XX:TieredStopAtLevel");
        int bits = Memory.F.vectorBitSize();
        if (bits < LEAST_BITS) // also where C2 was switched off in a way that the names above do not show
        return new Probe.Unusable("the widest vector here has " + bits + " bits, " + LEAST_BITS + " are needed");
        return new Probe.Usable(BASE_SCORE + Memory.LANES);
    }

    @Override
    public Device open(int threads) {
        return new CpuDevice(threads);
    }
}
