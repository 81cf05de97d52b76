package dev.prairie.tensor.device;

import dev.prairie.tensor.DType;
import java.util.List;

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

    /** What runs a model in F32; a device that can also train returns {@link GradKernels} here. */
    Kernels kernels();

    /** In which precisions it offers kernels; F32 is always among them. */
    default List<DType> precisions() {
        return List.of(DType.F32);
    }

    /**
     * What runs a model with the operands of its products rounded to {@code precision}: those of matmul, of q·k and p·v,
     * and of their backwards. Sums, everything else and all tensors in memory stay F32.
     *
     * @param precision F32 or BF16
     * @throws DeviceException if it is not among {@link #precisions}
     */
    default Kernels kernels(DType precision) {
        if (precision == DType.F32) return kernels();
        throw new DeviceException("device: " + name() + " offers precision " + precisions() + ", not " + precision
                + "; take precision f32, or another device with --device");
    }

    /** {@link #kernels} of a device that can train, in F32. */
    default GradKernels gradKernels() {
        return gradKernels(DType.F32);
    }

    /** {@link #kernels} of a device that can train; the one place that says so when it cannot. */
    default GradKernels gradKernels(DType precision) {
        if (kernels(precision) instanceof GradKernels trains) return trains;
        throw new DeviceException(
                "device: " + name() + " can run a model but not train it; choose another with --device");
    }

    /**
     * What this device can do at most with all its threads: operations a second, for {@link Peak#READ} bytes a second.
     * 0 where it has no instructions for that. Each call measures anew, for some tenths of a second, since machines are
     * shared; whoever needs one figure keeps it.
     */
    double measure(Peak peak);

    @Override
    void close();
}
