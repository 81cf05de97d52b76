package dev.prairie.cpu.codegen;

import java.util.List;

/** The sixteen 64-bit registers, in the order of their encoding. */
public enum Gpr implements Operand {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15;

    /** Where the System V convention puts the first six integer arguments of a call. */
    public static final List<Gpr> ARGUMENTS = List.of(RDI, RSI, RDX, RCX, R8, R9);

    /** What a function must leave as it found it, but for the stack pointer. */
    public static final List<Gpr> SAVED = List.of(RBX, RBP, R12, R13, R14, R15);

    int index() {
        return ordinal();
    }
}
