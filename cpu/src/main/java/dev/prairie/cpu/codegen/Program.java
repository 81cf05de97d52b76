package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;

import dev.prairie.cpu.codegen.Assembler.Condition;
import dev.prairie.cpu.codegen.Formula.Accumulator;
import dev.prairie.cpu.codegen.Value.Constant;
import dev.prairie.cpu.codegen.Value.Variable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A function under construction that walks over rows and columns of F32 numbers: loops around {@link Formula}s. It takes
 * one argument, the address of its parameters ({@link Frame}), eight bytes each, in the order in which they are declared
 * here.
 *
 * <p>Sums over columns are taken in an order that depends on the width of a vector and the number of columns alone.
 */
final class Program {
    private static final Gpr FRAME = RDI;
    private static final Gpr POOL = RSI;
    private static final Gpr INDEX = RAX;
    private static final Gpr LIMIT = RCX;

    /** Vectors side by side, where registers are enough. */
    static final int UNROLL = 4;

    private static final float LOWEST = -Float.MAX_VALUE;

    private final Isa isa;
    private final Assembler asm = new Assembler();
    private final Registers registers;
    private final Deque<Gpr> free = new ArrayDeque<>(List.of(RDX, R8, R9, R10, R11, RBX, RBP, R12, R13, R14, R15));
    private final Label pool = new Label();
    private final Map<Constant, Integer> constants = new LinkedHashMap<>();
    private int parameters;

    Program(Isa isa) {
        this.isa = isa;
        this.registers = new Registers(isa);
        for (Gpr r : Gpr.SAVED) asm.push(r);
        asm.lea(POOL, pool);
    }

    /** The function's code; the program is done. */
    byte[] bytes() {
        for (Gpr r : Gpr.SAVED.reversed()) asm.pop(r);
        asm.vzeroupper();
        asm.ret();
        asm.align(64);
        asm.place(pool);
        int words = isa.bits() / 32;
        for (int n = 0; n < words; n++) // masks of the first n lanes
        if (isa.bits() == 512) asm.word((1 << n) - 1);
            else for (int lane = 0; lane < words; lane++) asm.word(lane < n ? -1 : 0);
        for (Constant c : constants.keySet()) for (int i = 0; i < words; i++) asm.word(c.bits());
        return asm.bytes();
    }

    private int masksBytes() {
        return isa.bits() == 512 ? 4 * 16 : 32 * 8;
    }

    // ---- parameters ---------------------------------------------------------------------------------------------

    private Mem parameter() {
        return Mem.at(FRAME, 8 * parameters++);
    }

    /** An address, or another number that is counted up. */
    Gpr pointer() {
        Gpr r = take();
        asm.mov(r, parameter());
        return r;
    }

    /** A number that stays where it is. */
    Mem number() {
        return parameter();
    }

    /** A float, in all lanes. */
    Variable scalar() {
        Vec r = registers.take();
        asm.emit(Simd.VBROADCASTSS, r, parameter());
        return new Variable(r);
    }

    private Gpr take() {
        if (free.isEmpty()) throw new IllegalStateException("codegen: a function needs more pointers than there are");
        return free.pop();
    }

    /** Another register with the same number. */
    Gpr copy(Gpr of) {
        Gpr r = take();
        asm.mov(r, of);
        return r;
    }

    void release(Gpr r) {
        free.push(r);
    }

    /** Moves a pointer. */
    void advance(Gpr pointer, Mem bytes) {
        asm.add(pointer, bytes);
    }

    /** Moves a pointer. */
    void advance(Gpr pointer, int bytes) {
        asm.add(pointer, bytes);
    }

    /** Moves a pointer by some floats. */
    void advanceFloats(Gpr pointer, Gpr count) {
        asm.lea(pointer, Mem.at(pointer, count, 4, 0));
    }

    // ---- loops --------------------------------------------------------------------------------------------------

    /** {@code count} times; variables made within are gone afterwards. */
    void repeat(Mem count, Runnable body) {
        repeat(count, 1, one -> body.run());
    }

    /** As often as {@code size} goes into {@code count}, then for what is left one by one. */
    void repeat(Mem count, int size, IntConsumer body) {
        Gpr left = take();
        var state = registers.state();
        asm.mov(left, count);
        for (int n : size > 1 ? new int[] {size, 1} : new int[] {1}) {
            Label head = new Label(), end = new Label();
            asm.place(head);
            asm.cmp(left, n);
            asm.jump(Condition.LESS, end);
            body.accept(n);
            registers.restore(state);
            asm.sub(left, n);
            asm.jump(head);
            asm.place(end);
        }
        release(left);
    }

    /** Splits {@code total} into pieces of {@code size} and a smaller last one; tells the body where its size is. */
    void pieces(Mem total, int size, Consumer<Gpr> body) {
        Gpr left = take(), piece = take();
        Label head = new Label(), end = new Label();
        var state = registers.state();
        asm.mov(left, total);
        asm.place(head);
        asm.test(left, left);
        asm.jump(Condition.EQUAL, end);
        asm.mov(piece, size);
        asm.min(piece, left);
        body.accept(piece);
        registers.restore(state);
        asm.sub(left, piece);
        asm.jump(head);
        asm.place(end);
        release(left);
        release(piece);
    }

    /**
     * The formula for elements 0 to {@code count - 1}, up to {@link #UNROLL} vectors side by side, then one by one, then
     * for what is left.
     */
    void columns(Mem count, Consumer<Formula> body) {
        columns(() -> asm.mov(LIMIT, count), true, body);
    }

    /** The same, for a count in a register. */
    void columns(Gpr count, Consumer<Formula> body) {
        columns(() -> asm.mov(LIMIT, count), true, body);
    }

    /** The same for a multiple of a vector. */
    void wholeVectors(Mem count, Consumer<Formula> body) {
        columns(() -> asm.mov(LIMIT, count), false, body);
    }

    private void columns(Runnable limit, boolean partial, Consumer<Formula> body) {
        var f = new Formula(isa);
        body.accept(f);
        var state = registers.state();
        int each = f.pressure();
        int spare = registers.left() - 3; // a borrowed constant, and two for comparisons and masks
        int copies = Math.clamp(spare / Math.max(each, 1), 1, UNROLL);
        var places = places(f, spare - copies * each);
        asm.mov(INDEX, 0);
        if (copies > 1) loop(limit, f, copies, places);
        loop(limit, f, 1, places);
        if (partial) last(limit, f, places);
        registers.restore(state);
    }

    private void loop(Runnable limit, Formula f, int copies, Map<Constant, Operand> places) {
        int step = copies * isa.lanes();
        Label head = new Label(), end = new Label();
        limit.run();
        asm.sub(LIMIT, step);
        asm.cmp(INDEX, LIMIT);
        asm.jump(Condition.GREATER, end);
        asm.align(32);
        asm.place(head);
        emit(f, copies, places, false, null, null);
        asm.add(INDEX, step);
        asm.cmp(INDEX, LIMIT);
        asm.jump(Condition.LESS_OR_EQUAL, head);
        asm.place(end);
    }

    private void last(Runnable limit, Formula f, Map<Constant, Operand> places) {
        Label end = new Label();
        limit.run();
        asm.sub(LIMIT, INDEX);
        asm.jump(Condition.EQUAL, end);
        if (isa.bits() == 512) {
            asm.mov32(LIMIT, Mem.at(POOL, LIMIT, 4, 0));
            asm.kmovw(Mask.k(1), LIMIT);
            emit(f, 1, places, true, null, null);
        } else {
            Vec part = registers.take();
            asm.shl(LIMIT, 5);
            asm.emit(Simd.VMOVUPS, part, Mem.at(POOL, LIMIT, 1, 0));
            emit(f, 1, places, true, part, null);
        }
        asm.place(end);
    }

    private Emission emit(
            Formula f,
            int copies,
            Map<Constant, Operand> places,
            boolean partial,
            @Nullable Vec part,
            @Nullable Value kept) {
        var e = new Emission(asm, isa, registers, places, INDEX, copies, f.temporaries(), partial, part);
        e.run(f, kept);
        return e;
    }

    /** Loads the first {@code inRegisters} constants of a formula; the others are read where they are used. */
    private Map<Constant, Operand> places(Formula f, int inRegisters) {
        Map<Constant, Operand> places = new HashMap<>();
        for (Constant c : f.constants()) {
            Mem at = memory(c);
            if (places.size() < inRegisters) {
                Vec r = registers.take();
                asm.emit(Simd.VMOVUPS, r, at);
                places.put(c, r);
            } else places.put(c, at);
        }
        return places;
    }

    private Mem memory(Constant c) {
        int number = constants.computeIfAbsent(c, unseen -> constants.size());
        return Mem.at(POOL, masksBytes() + number * isa.bits() / 8);
    }

    // ---- numbers between the loops ------------------------------------------------------------------------------

    /** A result that is the same in all lanes, and stays for the loops that follow. */
    Variable once(Function<Formula, Value> formula) {
        var f = new Formula(isa);
        Value result = formula.apply(f);
        Emission e = emit(f, 1, places(f, 0), false, null, result);
        if (result instanceof Value.Temporary) return new Variable(e.register(result));
        Vec r = registers.take();
        asm.emit(Simd.VMOVUPS, r, e.operand(result));
        return new Variable(r);
    }

    /** Steps that leave nothing but what they store. */
    void run(Consumer<Formula> formula) {
        var f = new Formula(isa);
        formula.accept(f);
        emit(f, 1, places(f, 0), false, null, null);
    }

    /** A variable that {@link #set} will change. */
    Variable variable(float start) {
        Vec r = registers.take();
        asm.emit(Simd.VMOVUPS, r, memory(new Constant(Float.floatToRawIntBits(start))));
        return new Variable(r);
    }

    /** Gives it another value, which may depend on the one it has. */
    void set(Variable v, Function<Formula, Value> formula) {
        Variable result = once(formula);
        asm.emit(Simd.VMOVUPS, v.register(), result.register());
        registers.give(result.register());
    }

    /** A sum to be, now zero. */
    Accumulator sum() {
        return accumulator(Simd.VADDPS, 0f);
    }

    /** A maximum to be, now the lowest number: minus infinity would make NaN of the first difference. */
    Accumulator max() {
        return accumulator(Simd.VMAXPS, LOWEST);
    }

    private Accumulator accumulator(Simd op, float start) {
        List<Vec> all = new ArrayList<>();
        for (int i = 0; i < (isa.bits() == 512 ? UNROLL : UNROLL / 2); i++)
            all.add(variable(start).register());
        return new Accumulator(op, all);
    }

    /** The sum or maximum of all its lanes, in all lanes, added in halves. The accumulator is used up. */
    Variable total(Accumulator a) {
        List<Vec> all = a.registers();
        Vec sum = all.getFirst();
        for (int half = all.size() / 2; half > 0; half /= 2)
            for (int i = 0; i < half; i++) asm.emit(a.op(), all.get(i), all.get(i), all.get(i + half));
        all.stream().skip(1).forEach(registers::give);
        Vec turned = registers.take();
        if (isa.bits() == 512) {
            for (int halves : new int[] {0x4E, 0xB1}) {
                asm.emit(Simd.VSHUFF32X4, halves, turned, sum, sum);
                asm.emit(a.op(), sum, sum, turned);
            }
        } else {
            asm.emit(Simd.VPERM2F128, 1, turned, sum, sum);
            asm.emit(a.op(), sum, sum, turned);
        }
        for (int quarters : new int[] {0x4E, 0xB1}) {
            asm.emit(Simd.VPERMILPS, quarters, turned, sum);
            asm.emit(a.op(), sum, sum, turned);
        }
        registers.give(turned);
        return new Variable(sum);
    }
}
