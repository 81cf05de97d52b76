package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Simd.*;

import dev.prairie.tensor.DType;

/**
 * How weights of 16 bits lie, and the code that reads them. A panel has a column for each lane of a vector, and a line
 * for each two steps of k: a vector of memory. The lines of a panel follow each other.
 *
 * <p>BF16: a line is a pair for each column, the first step in the lower half; so a square of lines is what {@code tdpbf16ps}
 * and {@code vdpbf16ps} multiply by, and a shift and a mask make F32 numbers of it. F16: a line is the first step of all
 * columns, then the second, as {@code vcvtph2ps} reads them.
 */
final class HalfCode {
    private static final int UPPER = 0xFFFF0000;
    private static final Gpr FROM = RDI, TO = RSI, LINES = RDX;

    private final Assembler a;
    private final Isa isa;
    private final DType type;
    private final Vec mask;

    /**
     * Emits into {@code a}.
     *
     * @param mask a register that the code keeps a constant in
     */
    HalfCode(Assembler a, Isa isa, DType type, Vec mask) {
        this.a = a;
        this.isa = isa;
        this.type = type;
        this.mask = mask;
    }

    /** Before the first {@link #numbers}; changes RAX. */
    void constants() {
        if (type != DType.BF16) return;
        a.mov(RAX, UPPER);
        a.emit(VMOVD, mask.as(128), RAX);
        a.emit(VPBROADCASTD, mask, mask.as(128));
    }

    /** Both steps of the line at {@code from}, as F32 numbers. */
    void numbers(Vec first, Vec second, Mem from) {
        if (type == DType.F16) {
            a.emit(VCVTPH2PS, first, from);
            a.emit(VCVTPH2PS, second, from.plus(isa.bits() / 16));
        } else if (isa.bits() == 512) {
            a.emit(VPSLLD, 16, first, from);
            a.emit(VANDPS, second, mask, from);
        } else { // shifts of memory came with EVEX
            a.emit(VMOVUPS, second, from);
            a.emit(VPSLLD, 16, first, second);
            a.emit(VANDPS, second, second, mask);
        }
    }

    /** {@code (from, to, lines)}: two lines of F32 numbers for each line. */
    static byte[] unpack(Isa isa, DType type) {
        var a = new Assembler();
        Vec first = new Vec(0, isa.bits()), second = new Vec(1, isa.bits());
        var code = new HalfCode(a, isa, type, new Vec(2, isa.bits()));
        int bytes = isa.bits() / 8;
        code.constants();
        a.align(32);
        Label line = a.here();
        for (int i = 0; i < 2; i++) {
            code.numbers(first, second, Mem.at(FROM, i * bytes));
            a.emit(VMOVUPS_STORE, Mem.at(TO, 2 * i * bytes), first);
            a.emit(VMOVUPS_STORE, Mem.at(TO, (2 * i + 1) * bytes), second);
        }
        a.add(FROM, 2 * bytes);
        a.add(TO, 4 * bytes);
        a.sub(LINES, 2);
        a.jump(Assembler.Condition.NOT_EQUAL, line);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /** {@code (lines at, same, lines)}: makes lines of pairs into lines of first steps, then second ones. */
    static byte[] part(Isa isa) {
        var a = new Assembler();
        Vec order = new Vec(1, isa.bits()), line = new Vec(0, isa.bits());
        var constant = new Label();
        a.lea(RAX, constant);
        a.emit(VMOVUPS, order, Mem.at(RAX));
        Label next = a.here();
        a.emit(VMOVUPS, line, Mem.at(FROM));
        if (isa.bits() == 512) a.emit(VPERMW, line, order, line);
        else {
            a.emit(VPSHUFB, line, line, order);
            a.emit(VPERMQ, 0xD8, line, line); // quarters 0, 2, 1, 3
        }
        a.emit(VMOVUPS_STORE, Mem.at(FROM), line);
        a.add(FROM, isa.bits() / 8);
        a.sub(LINES, 1);
        a.jump(Assembler.Condition.NOT_EQUAL, next);
        a.vzeroupper();
        a.ret();
        a.align(64);
        a.place(constant);
        if (isa.bits() == 512) for (int i = 0; i < 32; i += 2) a.word(even(i) | even(i + 1) << 16);
        else
            for (int half = 0; half < 2; half++) {
                a.word(0x05040100);
                a.word(0x0D0C0908);
                a.word(0x07060302);
                a.word(0x0F0E0B0A);
            }
        return a.bytes();
    }

    /** The word that goes to place {@code i} of 32: the even ones, then the odd ones. */
    private static int even(int i) {
        return i < 16 ? 2 * i : 2 * (i - 16) + 1;
    }
}
