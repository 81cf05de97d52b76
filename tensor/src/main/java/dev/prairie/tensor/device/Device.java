package dev.prairie.tensor.device;

/**
 * Something that computes: its kernels, and what is behind them. Opened by a {@link DeviceProvider}; whoever opens it
 * closes it.
 */
public interface Device extends AutoCloseable {
    /** As chosen on the command line: {@code cpu:codegen}, {@code cpu:vector}, {@code reference}. */
    String name();

    /** One line for people: {@code AVX-512, 2 threads}. */
    String description();

    /** Threads that its kernels use. */
    int threads();

    /** What runs a model; a device that can also train returns {@link GradKernels} here. */
    Kernels kernels();

    /** {@link #kernels} of a device that can train; the one place that says so when it cannot. */
    default GradKernels gradKernels() {
        if (kernels() instanceof GradKernels trains) return trains;
        throw new DeviceException(
                "device: " + name() + " can run a model but not train it; choose another with --device");
    }

    /** This device's own F32 multiply-add peak in FLOP/s with all its threads, measured once when first asked. */
    double peakFlops();

    @Override
    void close();
}
