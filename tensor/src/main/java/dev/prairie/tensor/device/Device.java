package dev.prairie.tensor.device;

/**
 * Something that computes: its kernels, and what is behind them. Opened by a {@link DeviceProvider}; whoever opens it
 * closes it.
 */
public interface Device extends AutoCloseable {
    /** As chosen on the command line: {@code cpu:vector}, {@code reference}. */
    String name();

    /** One line for people: {@code AVX-512, 2 threads}. */
    String description();

    /** Threads that its kernels use. */
    int threads();

    /** What runs a model; a device that can also train returns {@link GradKernels} here. */
    Kernels kernels();

    /** This device's own F32 multiply-add peak in FLOP/s with all its threads, measured once when first asked. */
    double peakFlops();

    @Override
    void close();
}
