package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.Value.Constant;
import dev.prairie.cpu.codegen.Value.Temporary;
import dev.prairie.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What happens to one vector of elements: a straight line of steps, written down as if numbers were scalars. A
 * {@link Program} decides later how many vectors go side by side, in which registers, and what a last partial vector
 * does.
 *
 * <p>Memory is named by the register that holds its address; elements are at the place of the loop. See
 * {@link Functions} for exponentials.
 */
final class Formula {
    /** Not less than, true where one is NaN: as in {@code VCMPPS}. */
    static final int NOT_LESS = 0x15;

    /** One of them is NaN. */
    static final int UNORDERED = 3;

    /** Partial results of a sum or a maximum over a loop, one register for each of the vectors side by side. */
    record Accumulator(Simd op, List<Vec> registers) {
        Vec copy(int i) {
            return registers.get(i % registers.size());
        }
    }

    /** One step. */
    sealed interface Step {
        record Load(Temporary to, Gpr at, DType type) implements Step {}

        record Store(Gpr at, DType type, Value v) implements Step {}

        record LoadOne(Temporary to, Gpr at) implements Step {}

        record StoreOne(Gpr at, Value v) implements Step {}

        record Apply(
                Temporary to, Simd op, Value a, @Nullable Value b) implements Step {}

        record Shift(Temporary to, Simd op, Value a, int bits) implements Step {}

        /** {@code a * b + c}, or {@code c - a * b}. */
        record Fused(Temporary to, boolean minus, Value a, Value b, Value c) implements Step {}

        record Choose(
                Temporary to,
                int predicate,
                Value a,
                Value b,
                Value then,
                @Nullable Value otherwise) implements Step {}

        record Accumulate(Accumulator into, Value v) implements Step {}

        record AccumulateProduct(Accumulator into, Value a, Value b) implements Step {}

        record Prefetch(Gpr at, int bytes) implements Step {}

        /** What it reads. */
        default List<Value> reads() {
            return switch (this) {
                case Load s -> List.of();
                case LoadOne s -> List.of();
                case Prefetch s -> List.of();
                case Store s -> List.of(s.v);
                case StoreOne s -> List.of(s.v);
                case Apply s -> s.b == null ? List.of(s.a) : List.of(s.a, s.b);
                case Shift s -> List.of(s.a);
                case Fused s -> List.of(s.a, s.b, s.c);
                case Choose s ->
                    s.otherwise == null ? List.of(s.a, s.b, s.then) : List.of(s.a, s.b, s.then, s.otherwise);
                case Accumulate s -> List.of(s.v);
                case AccumulateProduct s -> List.of(s.a, s.b);
            };
        }

        /** What it makes. */
        default @Nullable Temporary result() {
            return switch (this) {
                case Load s -> s.to;
                case LoadOne s -> s.to;
                case Apply s -> s.to;
                case Shift s -> s.to;
                case Fused s -> s.to;
                case Choose s -> s.to;
                case Store s -> null;
                case StoreOne s -> null;
                case Accumulate s -> null;
                case AccumulateProduct s -> null;
                case Prefetch s -> null;
            };
        }
    }

    final Isa isa;
    private final List<Step> steps = new ArrayList<>();
    private int temporaries;

    Formula(Isa isa) {
        this.isa = isa;
    }

    List<Step> steps() {
        return steps;
    }

    int temporaries() {
        return temporaries;
    }

    private Temporary next() {
        return new Temporary(temporaries++);
    }

    // ---- memory -------------------------------------------------------------------------------------------------

    /** F32 numbers. */
    Value load(Gpr at) {
        return load(at, DType.F32);
    }

    /** Numbers of F32, BF16 or F16, as F32. The latter two in whole vectors only. */
    Value load(Gpr at, DType type) {
        Temporary to = next();
        steps.add(new Step.Load(to, at, type));
        return to;
    }

    void store(Gpr at, Value v) {
        store(at, v, DType.F32);
    }

    /** Rounds to nearest, ties to even, where the type is narrower. BF16 and F16 in whole vectors only. */
    void store(Gpr at, Value v, DType type) {
        steps.add(new Step.Store(at, type, type == DType.BF16 ? roundedToUpperHalf(v) : v));
    }

    /**
     * BF16 in the upper halves: {@code bits + 0x7fff + (bit 16)} rounds to nearest even; a NaN is made quiet instead, for
     * its fraction may lie in the lower half alone. Not {@code vcvtneps2bf16}, which takes denormal numbers for zero.
     */
    private Value roundedToUpperHalf(Value v) {
        Value odd = and(shift(Simd.VPSRLD, v, 16), bits(1));
        Value rounded = addInts(addInts(v, odd), bits(0x7FFF));
        return shift(Simd.VPSRLD, choose(UNORDERED, v, v, or(v, bits(0x400000)), rounded), 16);
    }

    /** The one float at {@code at}, in all lanes. */
    Value loadOne(Gpr at) {
        Temporary to = next();
        steps.add(new Step.LoadOne(to, at));
        return to;
    }

    /** One lane, for a value that is the same in all. */
    void storeOne(Gpr at, Value v) {
        steps.add(new Step.StoreOne(at, v));
    }

    /**
     * Asks for the line {@code bytes} further, while there is something else to do: what is read soon, but not in a
     * stream that the processor would notice by itself. May lie beyond the tensor.
     */
    void prefetch(Gpr at, int bytes) {
        steps.add(new Step.Prefetch(at, bytes));
    }

    // ---- arithmetic ---------------------------------------------------------------------------------------------

    Value constant(float x) {
        return new Constant(Float.floatToRawIntBits(x));
    }

    Value bits(int x) {
        return new Constant(x);
    }

    Value add(Value a, Value b) {
        return apply(Simd.VADDPS, a, b);
    }

    Value sub(Value a, Value b) {
        return apply(Simd.VSUBPS, a, b);
    }

    Value mul(Value a, Value b) {
        return apply(Simd.VMULPS, a, b);
    }

    Value div(Value a, Value b) {
        return apply(Simd.VDIVPS, a, b);
    }

    /** The larger; {@code b} where one is NaN. */
    Value max(Value a, Value b) {
        return apply(Simd.VMAXPS, a, b);
    }

    /** The smaller; {@code b} where one is NaN. */
    Value min(Value a, Value b) {
        return apply(Simd.VMINPS, a, b);
    }

    Value sqrt(Value a) {
        return apply(Simd.VSQRTPS, a, null);
    }

    Value and(Value a, Value b) {
        return apply(Simd.VANDPS, a, b);
    }

    Value or(Value a, Value b) {
        return apply(Simd.VORPS, a, b);
    }

    Value addInts(Value a, Value b) {
        return apply(Simd.VPADDD, a, b);
    }

    Value shift(Simd op, Value a, int bits) {
        Temporary to = next();
        steps.add(new Step.Shift(to, op, a, bits));
        return to;
    }

    Value apply(Simd op, Value a, @Nullable Value b) {
        Temporary to = next();
        steps.add(new Step.Apply(to, op, a, b));
        return to;
    }

    /** {@code a * b + c}, rounded once. */
    Value fma(Value a, Value b, Value c) {
        Temporary to = next();
        steps.add(new Step.Fused(to, false, a, b, c));
        return to;
    }

    /** {@code c - a * b}, rounded once. */
    Value fnma(Value a, Value b, Value c) {
        Temporary to = next();
        steps.add(new Step.Fused(to, true, a, b, c));
        return to;
    }

    /** {@code then} in lanes where {@code a predicate b}, else {@code otherwise}, zero if null. */
    Value choose(int predicate, Value a, Value b, Value then, @Nullable Value otherwise) {
        Temporary to = next();
        steps.add(new Step.Choose(to, predicate, a, b, then, otherwise));
        return to;
    }

    /** Adds {@code v} to a sum, or takes it into a maximum. */
    void accumulate(Accumulator into, Value v) {
        steps.add(new Step.Accumulate(into, v));
    }

    /** Adds {@code a * b} to a sum. */
    void accumulate(Accumulator into, Value a, Value b) {
        steps.add(new Step.AccumulateProduct(into, a, b));
    }

    // ---- what an emission must know -----------------------------------------------------------------------------

    /** For each temporary the last step that reads it; where nothing does, the step that makes it. */
    int[] lastReads(@Nullable Value kept) {
        int[] last = new int[temporaries];
        for (int i = 0; i < steps.size(); i++) {
            Temporary made = steps.get(i).result();
            if (made != null) last[made.index()] = i;
            for (Value v : steps.get(i).reads()) if (v instanceof Temporary t) last[t.index()] = i;
        }
        if (kept instanceof Temporary t) last[t.index()] = steps.size();
        return last;
    }

    /** Registers that one vector needs at the worst step. */
    int pressure() {
        int[] last = lastReads(null);
        int[] born = new int[temporaries];
        for (int i = 0; i < steps.size(); i++) {
            Temporary made = steps.get(i).result();
            if (made != null) born[made.index()] = i;
        }
        int most = 0;
        for (int i = 0; i < steps.size(); i++) {
            int at = i;
            int live = (int) Arrays.stream(range(temporaries))
                    .filter(t -> born[t] <= at && last[t] >= at)
                    .count();
            most = Math.max(most, live);
        }
        return most;
    }

    private static int[] range(int n) {
        int[] r = new int[n];
        for (int i = 0; i < n; i++) r[i] = i;
        return r;
    }

    /** Its constants, in the order of their first use. */
    List<Constant> constants() {
        return steps.stream()
                .flatMap(s -> s.reads().stream())
                .filter(Constant.class::isInstance)
                .map(Constant.class::cast)
                .distinct()
                .toList();
    }
}
