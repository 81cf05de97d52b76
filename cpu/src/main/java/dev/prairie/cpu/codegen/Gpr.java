package dev.prairie.cpu.codegen;

import java.util.List;

/** The sixteen 64-bit registers, in the order of their encoding. */
public enum Gpr implements Operand {
    RAX(0),
    RCX(1),
    RDX(2),
    RBX(3),
    RSP(4),
    RBP(5),
    RSI(6),
    RDI(7),
    R8(8),
    R9(9),
    R10(10),
    R11(11),
    R12(12),
    R13(13),
    R14(14),
    R15(15);

    /** Where the System V convention puts the first six integer arguments of a call. */
    public static final List<Gpr> ARGUMENTS = List.of(RDI, RSI, RDX, RCX, R8, R9);

    /** What a function must leave as it found it, but for the stack pointer. */
    public static final List<Gpr> SAVED = List.of(RBX, RBP, R12, R13, R14, R15);

    private final int index;

    Gpr(int index) {
        this.index = index;
    }

    int index() {
        return index;
    }
}
