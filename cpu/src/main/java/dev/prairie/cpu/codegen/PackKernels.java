package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Mem.at;
import static dev.prairie.cpu.codegen.Simd.*;

import dev.prairie.cpu.codegen.Assembler.Condition;
import dev.prairie.tensor.DType;
import java.util.EnumMap;
import java.util.Map;

/**
 * Brings an operand of a product from its tensor into squares of L x L units, L the lanes of a vector. A unit is 32
 * bits: one float, or a pair of BF16 numbers that follow each other along k. A square is L lines of L units, one after
 * the other, and the squares of a panel follow each other along k.
 *
 * <p>There are two ways a tensor can lie ({@link Way}) and two a square can: its lines along k, as the left operand
 * wants it, or across k, as the right one does. Whole squares only: {@link Gemm} copies ragged edges first.
 */
final class PackKernels {
    /** How the tensor lies, and whether its lines become lines or columns of the square. */
    enum Way {
        /** Numbers along k lie together; lines stay lines. */
        ALONG(false, false),
        /** Numbers along k lie together; lines become columns. */
        ALONG_TURNED(false, true),
        /** Numbers across k lie together; lines stay lines. */
        ACROSS(true, false),
        /** Numbers across k lie together; lines become columns. */
        ACROSS_TURNED(true, true);

        final boolean across;
        final boolean turned;

        Way(boolean across, boolean turned) {
            this.across = across;
            this.turned = turned;
        }

        static Way of(boolean along, boolean linesAlong) {
            if (along) return linesAlong ? ALONG : ALONG_TURNED;
            return linesAlong ? ACROSS_TURNED : ACROSS;
        }
    }

    /** What a unit holds. */
    enum Unit {
        /** One float. */
        F32,
        /** One float, rounded to BF16. */
        ROUNDED,
        /** Two BF16 numbers, the first in the lower half. */
        PAIR;

        /** What products of this precision are made of. */
        static Unit of(Isa isa, DType precision) {
            if (precision == DType.F32) return F32;
            return isa.bf16() == Isa.Bf16.FMA ? ROUNDED : PAIR;
        }

        /** What numbers that are BF16 already are multiplied as: pairs where the processor can, else floats. */
        static Unit pairs(Isa isa) {
            return isa.bf16() == Isa.Bf16.FMA ? F32 : PAIR;
        }

        /** Numbers along k. */
        int depth() {
            return this == PAIR ? 2 : 1;
        }
    }

    private final Map<Way, Kernel> kernels = new EnumMap<>(Way.class);

    PackKernels(CodePages pages, Isa isa, Unit unit) {
        for (Way way : Way.values()) kernels.put(way, pages.add(new Generator(isa, unit, way).code()));
    }

    /**
     * Packs {@code squares} squares that follow each other along k.
     *
     * @param from   the first number
     * @param stride bytes between lines of the tensor
     * @param to     the first square, aligned to a vector
     */
    void pack(Way way, long from, long stride, long to, long squares) {
        Kernel kernel = kernels.get(way);
        if (kernel != null) kernel.call(from, stride, to, squares);
    }

    private record Generator(Isa isa, Unit unit, Way way) {
        private static final Gpr FROM = RDI, STRIDE = RSI, TO = RDX, SQUARES = RCX;
        private static final Mem ORDER = at(RSP, -128); // below the stack pointer, where a leaf function may write
        private static final Gpr LINE = RAX, TWICE = R8, CONSTANT = R9;
        private static final int UNORDERED = 3; // the comparison that is true for NaN alone

        byte[] code() {
            var a = new Assembler();
            var end = new Label();
            a.test(SQUARES, SQUARES);
            a.jump(Condition.EQUAL, end);
            if (unit == Unit.PAIR && way.across) {
                pairOrder(a);
                a.lea(TWICE, at(STRIDE, STRIDE, 1, 0));
            }
            Label square = a.here();
            if (unit == Unit.PAIR && way.across) a.emit(VMOVUPS, v(31), ORDER); // turning uses all registers
            a.mov(LINE, FROM);
            int lanes = isa.lanes();
            for (int i = 0; i < lanes; i++) {
                int to = way.turned ? i : i % 4;
                load(a, to);
                if (!way.turned) a.emit(VMOVUPS_STORE, at(TO, i * isa.bits() / 8), v(to));
                a.add(LINE, unit == Unit.PAIR && way.across ? TWICE : STRIDE);
            }
            if (way.turned) {
                Transposition.emit(a, isa);
                for (int i = 0; i < lanes; i++) a.emit(VMOVUPS_STORE, at(TO, i * isa.bits() / 8), v(i));
            }
            if (way.across) a.mov(FROM, LINE); // the last line's end is the next square's begin
            else a.add(FROM, lanes * 4 * unit.depth());
            a.add(TO, lanes * isa.bits() / 8);
            a.sub(SQUARES, 1);
            a.jump(Condition.NOT_EQUAL, square);
            a.place(end);
            a.vzeroupper();
            a.ret();
            return a.bytes();
        }

        private void load(Assembler a, int to) {
            switch (unit) {
                case F32 -> a.emit(VMOVUPS, v(to), at(LINE));
                case ROUNDED -> {
                    a.emit(VMOVUPS, v(to), at(LINE));
                    round(a, v(to));
                }
                case PAIR -> {
                    Vec second = v(30);
                    if (way.across) {
                        // The second line into the upper sixteen words, the first into the lower; then in turn.
                        a.emit(VMOVUPS, second, at(LINE, STRIDE, 1, 0));
                        a.emit(VCVTNE2PS2BF16, v(to), second, at(LINE));
                        a.emit(VPERMW, v(to), v(31), v(to));
                    } else {
                        a.emit(VMOVUPS, second, at(LINE, 64));
                        a.emit(VCVTNE2PS2BF16, v(to), second, at(LINE));
                    }
                }
            }
        }

        /** To nearest, ties to even, as BF16 is defined: {@code x + 0x7FFF + (bit 16 of x)}, cut; NaN stays NaN. */
        private void round(Assembler a, Vec x) {
            int top = isa.registers() - 1;
            Vec odd = v(top), constant = v(top - 1), sum = v(top - 2), nan = v(top - 3);
            a.emit(VPSLLD, 15, odd, x);
            a.emit(VPSRLD, 31, odd, odd);
            everywhere(a, constant, 0x7FFF);
            a.emit(VPADDD, sum, x, constant);
            a.emit(VPADDD, sum, sum, odd);
            a.emit(VPSRLD, 16, sum, sum);
            a.emit(VPSLLD, 16, sum, sum);
            everywhere(a, constant, 0x7FC00000);
            if (isa.bits() == 512) {
                a.emit(VCMPPS_MASK, UNORDERED, Mask.k(1), x, x);
                a.masked(Mask.k(1), VPORD, sum, sum, constant);
            } else {
                a.emit(VCMPPS, UNORDERED, nan, x, x);
                a.emit(VPAND, nan, nan, constant);
                a.emit(VPOR, sum, sum, nan);
            }
            a.emit(VMOVUPS, x, sum);
        }

        private void everywhere(Assembler a, Vec to, int value) {
            a.mov(CONSTANT, value);
            a.emit(VMOVD, to.as(128), CONSTANT);
            a.emit(VPBROADCASTD, to, to.as(128));
        }

        /** Words 0, 16, 1, 17 …, kept in memory. */
        private void pairOrder(Assembler a) {
            Vec order = v(31);
            Vec low = v(30).as(256);
            // 0, 1, 2 … 15 as words, made from bytes in two general registers
            a.mov(CONSTANT, 0x0706050403020100L);
            a.emit(VMOVQ, v(29).as(128), CONSTANT);
            a.mov(CONSTANT, 0x0F0E0D0C0B0A0908L);
            a.emit(VMOVQ, v(28).as(128), CONSTANT);
            a.emit(VPUNPCKLQDQ, v(29).as(128), v(29).as(128), v(28).as(128));
            a.emit(VPMOVZXBW, low, v(29).as(128));
            a.emit(VPMOVZXWD, order, low); // i in the lower word of dword i
            a.emit(VPSLLD, 16, v(28), order);
            a.emit(VPORD, order, order, v(28)); // i, i
            everywhere(a, v(28), 0x00100000);
            a.emit(VPORD, order, order, v(28)); // i, i + 16
            a.emit(VMOVUPS_STORE, ORDER, order);
        }

        private Vec v(int index) {
            return new Vec(index, isa.bits());
        }
    }
}
