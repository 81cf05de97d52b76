package dev.prairie.cpu.vector;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Peak;

/** The processor: its vector unit, and a pool of threads that lives as long as the device. */
public final class CpuDevice implements Device {
    /** As chosen on the command line. */
    public static final String NAME = "cpu:vector";

    private final WorkerPool pool;
    private final VectorKernels kernels;

    /** Opens it with {@code threads} threads, the caller's being one of them. */
    public CpuDevice(int threads) {
        pool = new WorkerPool(threads);
        kernels = new VectorKernels(pool);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        int threads = threads();
        return unit() + " (" + Memory.LANES + " lanes), " + threads + (threads == 1 ? " thread" : " threads");
    }

    private static String unit() {
        boolean arm = System.getProperty("os.arch", "").equals("aarch64");
        int bits = Memory.F.vectorBitSize();
        if (arm) return bits == 128 ? "NEON" : "SVE-" + bits;
        return switch (bits) {
            case 512 -> "AVX-512";
            case 256 -> "AVX2";
            default -> bits + "-bit vectors";
        };
    }

    @Override
    public int threads() {
        return pool.threads();
    }

    @Override
    public VectorKernels kernels() {
        return kernels;
    }

    @Override
    public double measure(Peak peak) {
        return switch (peak) {
            case F32 -> Peaks.multiplyAdds(pool);
            case READ -> Peaks.read(pool);
            case BF16, INT8 -> 0;
        };
    }

    @Override
    public void close() {
        pool.close(); // first: no task may run on scratch memory that is gone
        kernels.close();
    }
}
