package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.Formula.Accumulator;
import dev.prairie.cpu.codegen.Generated.Backward;
import dev.prairie.cpu.codegen.Value.Variable;
import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;

/** Cross-entropy over rows of V logits, each row read from memory once. Arguments are addresses. */
final class LossKernels {
    /** Logits whose maximum is taken before their exponentials: 16 KiB, which stay in the first-level cache. */
    private static final int PIECE = 4096;

    private final WorkerPool pool;
    private final Generated generated;
    private final Kernel forward;
    private final Backward backward;

    LossKernels(Generated generated, WorkerPool pool) {
        this.pool = pool;
        this.generated = generated;
        forward = generated.kernel(LossKernels::forward);
        backward = generated.backward(LossKernels::backward);
    }

    /**
     * The maximum of one row, and the sum of {@code e^(x - max)}, piece by piece: when the maximum grows, what is summed
     * so far shrinks (Milakov and Gimelshein 2018, arXiv 1805.02867).
     */
    private static void forward(Program p) {
        Gpr max = p.pointer(), sum = p.pointer(), x = p.pointer();
        Mem columns = p.number();
        Variable m = p.variable(-Float.MAX_VALUE); // not minus infinity, whose difference with itself is NaN
        Variable s = p.variable(0);
        p.pieces(columns, PIECE, count -> {
            Accumulator highest = p.max();
            p.columns(count, f -> f.accumulate(highest, f.load(x)));
            Variable top = p.total(highest);
            p.set(top, f -> f.max(m, top));
            p.set(s, f -> f.mul(s, Functions.exp(f, f.sub(m, top))));
            p.set(m, f -> top);
            Accumulator part = p.sum();
            p.columns(count, f -> {
                f.prefetch(x, 4 * PIECE); // the next piece comes from memory meanwhile
                f.accumulate(part, Functions.expAtLeast(f, f.sub(f.load(x), m)));
            });
            Variable more = p.total(part);
            p.set(s, f -> f.add(s, more));
            p.advanceFloats(x, count);
        });
        p.run(f -> {
            f.storeOne(max, m);
            f.storeOne(sum, s);
        });
    }

    private static void backward(Program p, boolean add) {
        Gpr d = p.pointer(), x = p.pointer();
        Mem columns = p.number();
        Value lse = p.scalar(), scale = p.scalar();
        p.columns(columns, f -> {
            Value e = Functions.exp(f, f.sub(f.load(x), lse));
            f.store(d, Generated.sum(f, add, d, e, scale));
        });
    }

    /** Losses and log-sum-exps of the rows, both 0 where the target is negative. */
    void crossEntropy(long losses, long lse, long logits, int[] targets, int v) {
        Split.parts(pool, targets.length, Split.rows(v, Split.HEAVY), (from, end, worker) -> {
            for (int n = from; n < end; n++) {
                long loss = losses + 4L * n, l = lse + 4L * n, row = logits + 4L * n * v;
                double sum = 0, hit = 0;
                if (targets[n] >= 0) {
                    generated
                            .frame(worker)
                            .put(loss)
                            .put(l)
                            .put(row)
                            .put((long) v)
                            .call(forward);
                    sum = Math.log(Memory.get(l)) + Memory.get(loss);
                    hit = Memory.get(row + 4L * targets[n]);
                }
                Memory.set(loss, (float) (sum - hit));
                Memory.set(l, (float) sum);
            }
        });
    }

    /** Over what {@code dLogits} holds, which may then be {@code logits}, or on top of it. */
    void crossEntropyBackward(long dLogits, boolean add, long dLosses, long logits, long lse, int[] targets, int v) {
        Kernel kernel = backward.kernel(add);
        Split.parts(pool, targets.length, Split.rows(v, Split.HEAVY), (from, end, worker) -> {
            for (int n = from; n < end; n++) {
                long d = dLogits + 4L * n * v;
                if (targets[n] < 0) {
                    if (!add) Memory.clear(d, 4L * v);
                    continue;
                }
                float scale = Memory.get(dLosses + 4L * n);
                Frame f =
                        generated.frame(worker).put(d).put(logits + 4L * n * v).put((long) v);
                f.put(Memory.get(lse + 4L * n)).put(scale).call(kernel);
                long hit = d + 4L * targets[n];
                Memory.set(hit, Memory.get(hit) - scale);
            }
        });
    }
}
