package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Mem.at;

import dev.prairie.cpu.codegen.Assembler.Condition;

/**
 * Brings a rectangle of memory near by running over it in the order in which it lies. Packing across k takes one line from
 * each row, so that each is a miss of its own; along a row the processor fetches ahead by itself.
 */
final class Touch {
    private static final int LINE = 64;
    private static final Gpr AT = RDI, STRIDE = RSI, BYTES = RDX, ROWS = RCX, P = RAX, END = R8, IGNORED = R9;

    private final Kernel read;

    Touch(CodePages pages) {
        read = pages.add(code());
    }

    /** {@code rows} rows of {@code bytes} bytes, {@code stride} bytes apart. */
    void read(long at, long stride, long bytes, long rows) {
        if (rows > 0 && bytes > 0) read.call(at, stride, bytes, rows);
    }

    private static byte[] code() {
        var a = new Assembler();
        Label row = a.here();
        a.mov(P, AT);
        a.lea(END, at(AT, BYTES, 1, 0));
        Label line = a.here();
        a.mov32(IGNORED, at(P));
        a.add(P, LINE);
        a.cmp(P, END);
        a.jump(Condition.BELOW, line);
        a.add(AT, STRIDE);
        a.sub(ROWS, 1);
        a.jump(Condition.NOT_EQUAL, row);
        a.ret();
        return a.bytes();
    }
}
