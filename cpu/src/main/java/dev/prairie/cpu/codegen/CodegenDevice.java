package dev.prairie.cpu.codegen;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Kernels;
import dev.prairie.tensor.device.Peak;
import java.util.List;

/** The processor by machine code made for it, and a pool of threads that lives as long as the device. */
public final class CodegenDevice implements Device {
    /** As chosen on the command line. */
    public static final String NAME = "cpu:codegen";

    private final Isa isa;
    private final SystemCalls system;
    private final WorkerPool pool;
    private final List<CodegenKernels> kernels; // one for each precision, F32 first

    /** Opens it with {@code threads} threads, the caller's being one of them. */
    CodegenDevice(Isa isa, SystemCalls system, int threads) {
        this.isa = isa;
        this.system = system;
        pool = new WorkerPool(threads);
        try {
            kernels = CodegenKernels.PRECISIONS.stream()
                    .map(p -> new CodegenKernels(pool, isa, p, system))
                    .toList();
        } catch (SystemCalls.Refused e) { // memory that the probe still got
            pool.close();
            throw e;
        }
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
        return kernels.getFirst();
    }

    @Override
    public List<DType> precisions() {
        return CodegenKernels.PRECISIONS;
    }

    @Override
    public Kernels kernels(DType precision) {
        return kernels.stream()
                .filter(k -> k.precision() == precision)
                .findFirst()
                .<Kernels>map(k -> k)
                .orElseGet(() -> Device.super.kernels(precision));
    }

    @Override
    public double measure(Peak peak) {
        return Peaks.measure(peak, pool, isa, system);
    }

    @Override
    public void close() {
        pool.close(); // first: no task may run code, or on scratch memory, that is gone
        for (CodegenKernels k : kernels) k.close();
    }
}
