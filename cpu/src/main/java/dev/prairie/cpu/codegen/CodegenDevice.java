package dev.prairie.cpu.codegen;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.device.Device;

/** The processor by machine code made for it, and a pool of threads that lives as long as the device. */
public final class CodegenDevice implements Device {
    /** As chosen on the command line. */
    public static final String NAME = "cpu:codegen";

    private final Isa isa;
    private final SystemCalls system;
    private final WorkerPool pool;
    private final CodegenKernels kernels;
    private double peak;

    /** Opens it with {@code threads} threads, the caller's being one of them. */
    CodegenDevice(Isa isa, SystemCalls system, int threads) {
        this.isa = isa;
        this.system = system;
        pool = new WorkerPool(threads);
        kernels = new CodegenKernels(pool, isa, system);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        int threads = threads();
        return isa + ", " + threads + (threads == 1 ? " thread" : " threads");
    }

    @Override
    public int threads() {
        return pool.threads();
    }

    @Override
    public CodegenKernels kernels() {
        return kernels;
    }

    @Override
    public synchronized double peakFlops() {
        if (peak == 0) peak = Peak.measure(pool, isa, system);
        return peak;
    }

    @Override
    public void close() {
        pool.close(); // first: no task may run code, or on scratch memory, that is gone
        kernels.close();
    }
}
