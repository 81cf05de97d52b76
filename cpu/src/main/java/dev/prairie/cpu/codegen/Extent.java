package dev.prairie.cpu.codegen;

import org.jspecify.annotations.Nullable;

/**
 * A size that generated code loops over: known when the code is made, or found in a register when it runs.
 *
 * @param register where it is, or null
 * @param constant what it is where there is no register
 */
record Extent(@Nullable Gpr register, int constant) {
    static Extent of(int constant) {
        return new Extent(null, constant);
    }

    static Extent in(Gpr register) {
        return new Extent(register, 0);
    }

    /** Brings it to {@code to}. */
    void load(Assembler a, Gpr to) {
        if (register == null) a.mov(to, constant);
        else a.mov(to, register);
    }
}
