package dev.prairie.cpu.codegen;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * F32, BF16 and F16 into each other, by way of F32, to a narrower type by rounding to nearest, ties to even. A last
 * partial vector goes through memory of its own. Arguments are addresses.
 */
final class CastKernels implements AutoCloseable {
    private static final DType[] TYPES = {DType.F32, DType.BF16, DType.F16};

    /** Bytes of the widest vector. */
    private static final int VECTOR = 64;

    private final WorkerPool pool;
    private final Generated generated;
    private final Pages ends;
    private final Map<Pair, Kernel> kernels = new HashMap<>();

    private record Pair(DType from, DType to) {}

    CastKernels(Generated generated, WorkerPool pool, Pages ends) {
        this.pool = pool;
        this.generated = generated;
        this.ends = ends;
        for (DType from : TYPES)
            for (DType to : TYPES)
                if (to != from) kernels.put(new Pair(from, to), generated.kernel(p -> cast(p, from, to)));
    }

    private static void cast(Program p, DType from, DType to) {
        Gpr out = p.pointer(), x = p.pointer();
        p.wholeVectors(p.number(), f -> f.store(out, f.load(x, from), to));
    }

    /** Whether {@link #run} can. */
    boolean can(DType to, DType from) {
        return kernels.containsKey(new Pair(from, to));
    }

    void run(long out, DType to, long x, DType from, long size) {
        Kernel kernel = Objects.requireNonNull(kernels.get(new Pair(from, to)));
        int lanes = generated.isa().lanes();
        Split.elements(pool, size, Split.LIGHT, (offset, n, worker) -> {
            long first = offset / Float.BYTES;
            int whole = n / lanes * lanes;
            long o = out + to.bytes(first), in = x + from.bytes(first);
            generated.frame(worker).put(o).put(in).put((long) whole).call(kernel);
            if (whole == n) return;
            long end = ends.take(worker, 2 * VECTOR), result = end + VECTOR;
            Memory.copy(end, in + from.bytes(whole), from.bytes(n - whole));
            generated.frame(worker).put(result).put(end).put((long) lanes).call(kernel);
            Memory.copy(o + to.bytes(whole), result, to.bytes(n - whole));
        });
    }

    @Override
    public void close() {
        ends.close();
    }
}
