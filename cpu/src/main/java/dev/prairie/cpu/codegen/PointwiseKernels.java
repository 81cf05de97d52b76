package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.Functions.Sigmoid;
import dev.prairie.cpu.codegen.Generated.Backward;
import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;

/** Element by element: sums, multiples, GELU and SwiGLU. Arguments are addresses. */
final class PointwiseKernels {
    /** 2u = 2 sqrt(2/π) (x + 0.044715 x³) = x (A + B x²); the tanh form of GELU is x sigmoid(2u). */
    private static final double A = 2 * Math.sqrt(2 / Math.PI);

    private static final double B = A * 0.044715;

    /** Beyond, GELU is 0 or x and its slope 0 or 1, to 4e-21. */
    private static final float GELU_BOUND = 8;

    /** Beyond, sigmoid is 0 or 1, to 2e-28, and no product of it is denormal. */
    private static final float SIGMOID_BOUND = 64;

    private final Sweep sweep;
    private final Kernel add;
    private final Kernel scale;
    private final Kernel accumulate;
    private final Kernel gelu;
    private final Backward geluBackward;
    private final Kernel swiGlu;
    private final Backward[] swiGluBackward;

    PointwiseKernels(Generated generated, WorkerPool pool) {
        add = generated.kernel(PointwiseKernels::add);
        scale = generated.kernel(p -> scaled(p, false));
        accumulate = generated.kernel(p -> scaled(p, true));
        gelu = generated.kernel(PointwiseKernels::gelu);
        geluBackward = generated.backward(PointwiseKernels::geluBackward);
        swiGlu = generated.kernel(PointwiseKernels::swiGlu);
        swiGluBackward = new Backward[] {
            generated.backward((p, addUp) -> swiGluBackward(p, false, addUp)),
            generated.backward((p, addUp) -> swiGluBackward(p, true, addUp))
        };
        sweep = new Sweep(pool, generated, add);
    }

    // ---- formulas -----------------------------------------------------------------------------------------------

    private static void add(Program p) {
        Gpr out = p.pointer(), a = p.pointer(), b = p.pointer();
        p.columns(p.number(), f -> f.store(out, f.add(f.load(a), f.load(b))));
    }

    private static void scaled(Program p, boolean add) {
        Gpr out = p.pointer(), x = p.pointer();
        Mem count = p.number();
        Value factor = p.scalar();
        p.columns(count, f -> f.store(out, Generated.sum(f, add, out, f.load(x), factor)));
    }

    private static void gelu(Program p) {
        Gpr out = p.pointer(), in = p.pointer();
        p.columns(p.number(), f -> {
            Value x = f.max(f.constant(-GELU_BOUND), f.load(in));
            Sigmoid sigmoid = Sigmoid.of(f, twiceU(f, f.min(f.constant(GELU_BOUND), x), B));
            f.store(out, f.mul(x, sigmoid.s()));
        });
    }

    /** {@code x (A + b x²)}. */
    private static Value twiceU(Formula f, Value x, double b) {
        return f.mul(x, f.fma(f.mul(x, x), f.constant((float) b), f.constant((float) A)));
    }

    /** {@code dX = dOut (s + x (2u)' s (1 - s))} with s = sigmoid(2u) and (2u)' = A + 3 B x². */
    private static void geluBackward(Program p, boolean add) {
        Gpr dX = p.pointer(), dOut = p.pointer(), in = p.pointer();
        p.columns(p.number(), f -> {
            Value x = Functions.within(f, f.load(in), GELU_BOUND);
            Sigmoid sigmoid = Sigmoid.of(f, twiceU(f, x, B));
            Value inner = f.mul(twiceU(f, x, 3 * B), sigmoid.rest());
            Value slope = f.fma(inner, sigmoid.s(), sigmoid.s());
            f.store(dX, Generated.sum(f, add, dX, f.load(dOut), slope));
        });
    }

    private static void swiGlu(Program p) {
        Gpr out = p.pointer(), gate = p.pointer(), up = p.pointer();
        p.columns(p.number(), f -> {
            Value g = f.max(f.constant(-SIGMOID_BOUND), f.load(gate));
            Sigmoid sigmoid = Sigmoid.of(f, f.min(f.constant(SIGMOID_BOUND), g));
            f.store(out, f.mul(f.mul(g, sigmoid.s()), f.load(up)));
        });
    }

    /** {@code dUp = dOut g s} and {@code dGate = dOut up s (1 + g (1 - s))} with s = sigmoid(g). */
    private static void swiGluBackward(Program p, boolean addGate, boolean addUp) {
        Gpr dGate = p.pointer(), dUp = p.pointer(), dOut = p.pointer(), gate = p.pointer(), up = p.pointer();
        p.columns(p.number(), f -> {
            Value g = f.max(f.constant(-SIGMOID_BOUND), f.load(gate));
            Value bounded = f.min(f.constant(SIGMOID_BOUND), g);
            Sigmoid sigmoid = Sigmoid.of(f, bounded);
            Value d = f.mul(f.load(dOut), sigmoid.s());
            Value slope = f.fma(bounded, sigmoid.rest(), f.constant(1));
            Value dG = f.mul(d, f.load(up));
            f.store(dUp, Generated.sum(f, addUp, dUp, d, g));
            f.store(dGate, Generated.sum(f, addGate, dGate, dG, slope));
        });
    }

    // ---- calls --------------------------------------------------------------------------------------------------

    private static final long F32 = Float.BYTES;

    /** {@code out = a + b}. */
    synchronized void add(long out, long a, long b, long size) {
        sweep.of(add).at(out, F32).at(a, F32).at(b, F32).count().over(size, Split.LIGHT);
    }

    /** {@code out = factor * x}. */
    void scale(long out, long x, float factor, long size) {
        scaled(out, x, factor, size, scale);
    }

    /** {@code dst = factor * src}, on top of what is there or over it. */
    void accumulate(long dst, boolean add, long src, float factor, long size) {
        scaled(dst, src, factor, size, add ? accumulate : scale);
    }

    private synchronized void scaled(long out, long x, float factor, long size, Kernel kernel) {
        sweep.of(kernel).at(out, F32).at(x, F32).count().put(factor).over(size, Split.LIGHT);
    }

    synchronized void gelu(long out, long x, long size) {
        sweep.of(gelu).at(out, F32).at(x, F32).count().over(size, Split.HEAVY);
    }

    synchronized void geluBackward(long dX, boolean add, long dOut, long x, long size) {
        sweep.of(geluBackward.kernel(add)).at(dX, F32).at(dOut, F32).at(x, F32).count().over(size, Split.HEAVY);
    }

    synchronized void swiGlu(long out, long gate, long up, long size) {
        sweep.of(swiGlu).at(out, F32).at(gate, F32).at(up, F32).count().over(size, Split.HEAVY);
    }

    synchronized void swiGluBackward(
            long dGate, boolean addGate, long dUp, boolean addUp, long dOut, long gate, long up, long size) {
        sweep.of(swiGluBackward[addGate ? 1 : 0].kernel(addUp)).at(dGate, F32).at(dUp, F32).at(dOut, F32);
        sweep.at(gate, F32).at(up, F32).count().over(size, Split.HEAVY);
    }
}
