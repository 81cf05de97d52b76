package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.Formula.Accumulator;
import dev.prairie.cpu.codegen.Formula.Step;
import dev.prairie.cpu.codegen.Value.Constant;
import dev.prairie.cpu.codegen.Value.Temporary;
import dev.prairie.cpu.codegen.Value.Variable;
import dev.prairie.tensor.DType;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes the instructions of one {@link Formula}: for some vectors side by side, step by step, so that one vector's
 * instructions fill the waiting times of another's. A register is free again after the last step that reads it.
 *
 * <p>A partial vector reads and writes only the lanes of a mask (512 bits: k1; 256 bits: a register), so that nothing
 * beyond a tensor is touched; its other lanes hold zeros and take no part in sums.
 */
final class Emission {
    private static final Mask PART = Mask.k(1);

    /** Comparisons of the vectors side by side go to different masks. */
    private static final int FIRST_MASK = 2;

    private final Assembler asm;
    private final Isa isa;
    private final Registers registers;

    /** Where constants are: in registers or in memory. */
    private final Map<Constant, Operand> constants;

    private final Gpr index;
    private final boolean partial;
    private final @Nullable Vec part;
    private final Vec[][] place;
    private int copy;
    private @Nullable Vec borrowed;

    /** @param part the mask of a partial vector of 256 bits */
    Emission(
            Assembler asm,
            Isa isa,
            Registers registers,
            Map<Constant, Operand> constants,
            Gpr index,
            int copies,
            int temporaries,
            boolean partial,
            @Nullable Vec part) {
        this.asm = asm;
        this.isa = isa;
        this.registers = registers;
        this.constants = constants;
        this.index = index;
        this.partial = partial;
        this.part = part;
        this.place = new Vec[copies][temporaries];
    }

    /** All steps; the register of {@code kept} stays taken, for {@link #register}. */
    void run(Formula f, @Nullable Value kept) {
        int[] last = f.lastReads(kept);
        List<Step> steps = f.steps();
        for (int i = 0; i < steps.size(); i++)
            for (copy = 0; copy < place.length; copy++) {
                step(steps.get(i), i, last);
                giveBackBorrowed();
            }
        copy = 0;
    }

    /** Where a value is, loaded if it is a constant in memory. */
    Vec register(Value v) {
        Operand o = operand(v);
        if (o instanceof Vec r) return r;
        if (borrowed != null) throw new IllegalStateException("codegen: a step with two constants in memory");
        borrowed = registers.take();
        asm.emit(Simd.VMOVUPS, borrowed, o);
        return borrowed;
    }

    private void giveBackBorrowed() {
        if (borrowed != null) registers.give(borrowed);
        borrowed = null;
    }

    /** Where a value is. */
    Operand operand(Value v) {
        return switch (v) {
            case Temporary t -> place[copy][t.index()];
            case Variable r -> r.register();
            case Constant c -> {
                Operand o = constants.get(c);
                if (o == null) throw new IllegalStateException("codegen: " + c + " has no place");
                yield o;
            }
        };
    }

    private boolean inMemory(@Nullable Value v) {
        return v instanceof Constant && operand(v) instanceof Mem;
    }

    /** Frees what step {@code i} reads for the last time, but for {@code but}. */
    private void free(Step s, int i, int[] last, @Nullable Value but) {
        s.reads().stream().distinct().forEach(v -> {
            if (v instanceof Temporary t && last[t.index()] == i && !v.equals(but))
                registers.give(place[copy][t.index()]);
        });
    }

    private Vec define(Temporary to) {
        Vec r = registers.take();
        place[copy][to.index()] = r;
        return r;
    }

    private void step(Step step, int i, int[] last) {
        switch (step) {
            case Step.Load s -> load(define(s.to()), s.at(), s.type());
            case Step.LoadOne s -> asm.emit(Simd.VBROADCASTSS, define(s.to()), Mem.at(s.at()));
            case Step.Store s -> {
                store(s.at(), s.type(), register(s.v()));
                free(step, i, last, null);
            }
            case Step.StoreOne s -> {
                asm.emit(Simd.VMOVSS_STORE, Mem.at(s.at()), register(s.v()).as(128));
                free(step, i, last, null);
            }
            case Step.Prefetch s -> {
                if (!partial)
                    asm.prefetch(Assembler.Nearness.T0, memory(s.at(), 4).plus(s.bytes()));
            }
            case Step.Apply s -> apply(s, i, last);
            case Step.Shift s -> {
                Vec a = register(s.a());
                free(step, i, last, null);
                asm.emit(s.op(), s.bits(), define(s.to()), a);
            }
            case Step.Fused s -> fused(s, i, last);
            case Step.Choose s -> choose(s, i, last);
            case Step.Accumulate s -> {
                accumulate(s.into(), register(s.v()));
                free(step, i, last, null);
            }
            case Step.AccumulateProduct s -> {
                accumulateProduct(s);
                free(step, i, last, null);
            }
        }
        Temporary made = step.result();
        if (made != null && last[made.index()] == i) registers.give(place[copy][made.index()]); // nobody wants it
    }

    private Mem memory(Gpr at, int bytes) {
        return Mem.at(at, index, bytes, copy * isa.lanes() * bytes);
    }

    private void load(Vec to, Gpr at, DType type) {
        switch (type) {
            case F32 -> {
                Mem from = memory(at, 4);
                if (!partial) asm.emit(Simd.VMOVUPS, to, from);
                else if (part == null) asm.zeroed(PART, Simd.VMOVUPS, to, from);
                else asm.emit(Simd.VMASKMOVPS, to, part, from);
            }
            case BF16 -> {
                whole();
                asm.emit(Simd.VPMOVZXWD, to, memory(at, 2));
                asm.emit(Simd.VPSLLD, 16, to, to);
            }
            case F16 -> {
                whole();
                asm.emit(Simd.VCVTPH2PS, to, memory(at, 2));
            }
            default -> throw new IllegalStateException("codegen: " + type + " does not hold numbers one by one");
        }
    }

    private void store(Gpr at, DType type, Vec v) {
        switch (type) {
            case F32 -> {
                Mem to = memory(at, 4);
                if (!partial) asm.emit(Simd.VMOVUPS_STORE, to, v);
                else if (part == null) asm.masked(PART, Simd.VMOVUPS_STORE, to, v);
                else asm.emit(Simd.VMASKMOVPS_STORE, to, part, v);
            }
            case BF16 -> { // the words are in the lower halves
                whole();
                if (isa.bits() == 512) {
                    asm.emit(Simd.VPMOVDW, memory(at, 2), v);
                } else {
                    Vec packed = registers.take();
                    asm.emit(Simd.VPACKUSDW, packed, v, v);
                    asm.emit(Simd.VPERMQ, 0b1000, packed, packed);
                    asm.emit(Simd.VMOVDQU_STORE, memory(at, 2), packed.as(128));
                    registers.give(packed);
                }
            }
            case F16 -> {
                whole();
                asm.emit(Simd.VCVTPS2PH, 0, memory(at, 2), v); // 0: to nearest even
            }
            default -> throw new IllegalStateException("codegen: " + type + " does not hold numbers one by one");
        }
    }

    private void whole() {
        if (partial) throw new IllegalStateException("codegen: half-precision numbers in a partial vector");
    }

    private void apply(Step.Apply s, int i, int[] last) {
        if (s.b() == null) {
            Operand a = operand(s.a());
            free(s, i, last, null);
            asm.emit(s.op(), define(s.to()), a);
            return;
        }
        boolean swap = inMemory(s.a()) && !inMemory(s.b()) && commutes(s.op());
        Vec a = register(swap ? s.b() : s.a());
        Operand b = operand(swap ? s.a() : s.b());
        free(s, i, last, null);
        asm.emit(s.op(), define(s.to()), a, b);
    }

    /** Maximum and minimum do not: where one is NaN, the second counts. */
    private static boolean commutes(Simd op) {
        return switch (op) {
            case VADDPS, VMULPS, VANDPS, VORPS, VPADDD -> true;
            default -> false;
        };
    }

    /** The result takes the register of an operand that nobody reads any more, else of a copy of the last. */
    private void fused(Step.Fused s, int i, int[] last) {
        Value a = s.a(), b = s.b(), c = s.c();
        if (inMemory(a)) { // memory stands last
            a = s.b();
            b = s.a();
        }
        Simd whenAddend = s.minus() ? Simd.VFNMADD231PS : Simd.VFMADD231PS;
        Simd whenFactor = s.minus() ? Simd.VFNMADD213PS : Simd.VFMADD213PS;
        if (dies(c, i, last) && !c.equals(a) && !c.equals(b)) {
            asm.emit(whenAddend, reuse(s.to(), c), register(a), operand(b));
            free(s, i, last, c);
        } else if (dies(a, i, last) && !a.equals(b)) {
            Vec factor = register(b);
            asm.emit(whenFactor, reuse(s.to(), a), factor, operand(c));
            free(s, i, last, a);
        } else if (dies(b, i, last) && !a.equals(b)) {
            Vec factor = register(a);
            asm.emit(whenFactor, reuse(s.to(), b), factor, operand(c));
            free(s, i, last, b);
        } else {
            Vec to = define(s.to());
            asm.emit(Simd.VMOVUPS, to, operand(c));
            asm.emit(whenAddend, to, register(a), operand(b));
            free(s, i, last, null);
        }
    }

    private static boolean dies(Value v, int i, int[] last) {
        return v instanceof Temporary t && last[t.index()] == i;
    }

    private Vec reuse(Temporary to, Value dying) {
        Vec r = register(dying);
        place[copy][to.index()] = r;
        return r;
    }

    private void choose(Step.Choose s, int i, int[] last) {
        Vec a = register(s.a());
        Operand b = operand(s.b());
        if (isa.bits() == 512) {
            Mask where = Mask.k(FIRST_MASK + copy % (8 - FIRST_MASK));
            asm.emit(Simd.VCMPPS_MASK, s.predicate(), where, a, b);
            giveBackBorrowed();
            Operand then = operand(s.then());
            Vec otherwise = s.otherwise() == null ? null : register(s.otherwise());
            free(s, i, last, null);
            if (otherwise == null) asm.zeroed(where, Simd.VMOVUPS, define(s.to()), then);
            else asm.masked(where, Simd.VBLENDMPS, define(s.to()), otherwise, then);
            return;
        }
        Vec where = registers.take();
        asm.emit(Simd.VCMPPS, s.predicate(), where, a, b);
        giveBackBorrowed();
        Vec to = define(s.to());
        asm.emit(Simd.VANDPS, to, where, operand(s.then()));
        if (s.otherwise() != null) {
            asm.emit(Simd.VANDNPS, where, where, operand(s.otherwise()));
            asm.emit(Simd.VORPS, to, to, where);
        }
        registers.give(where);
        free(s, i, last, null);
    }

    private void accumulate(Accumulator into, Vec v) {
        Vec sum = into.copy(copy);
        if (!partial) asm.emit(into.op(), sum, sum, v);
        else if (part == null) asm.masked(PART, into.op(), sum, sum, v);
        else if (into.op() == Simd.VADDPS) {
            Vec some = registers.take();
            asm.emit(Simd.VANDPS, some, part, v);
            asm.emit(Simd.VADDPS, sum, sum, some);
            registers.give(some);
        } else { // a maximum: outside the mask its own lanes
            Vec some = registers.take(), others = registers.take();
            asm.emit(Simd.VANDPS, some, part, v);
            asm.emit(Simd.VANDNPS, others, part, sum);
            asm.emit(Simd.VORPS, some, some, others);
            asm.emit(into.op(), sum, sum, some);
            registers.give(some);
            registers.give(others);
        }
    }

    private void accumulateProduct(Step.AccumulateProduct s) {
        Vec sum = s.into().copy(copy);
        Vec a = register(s.a());
        Operand b = operand(s.b());
        if (!partial) asm.emit(Simd.VFMADD231PS, sum, a, b);
        else if (part == null) asm.masked(PART, Simd.VFMADD231PS, sum, a, b);
        else {
            Vec product = registers.take();
            asm.emit(Simd.VMULPS, product, a, b);
            accumulate(s.into(), product);
            registers.give(product);
        }
    }
}
