package dev.prairie.cpu.codegen;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The arguments of a block kernel, in memory because there are more than a call can carry. The order of the constants is
 * the order in memory, eight bytes each.
 */
enum BlockCall {
    /** Packed left operand: the first row of squares. */
    A,
    /** Bytes from one row of squares of A to the next; tiles alone look at it. */
    A_ROW,
    /** Packed right operand: the first panel of one vector of columns. */
    B,
    /** Bytes from one panel of B to the next. */
    B_PANEL,
    /** Squares along k. */
    SQUARES,
    /** Groups of panels to do. */
    GROUPS,
    /** The result. */
    C,
    /** Bytes from one row of the result to the next. */
    C_ROW,
    /** A number for each column that is added, or zeros. */
    BIAS,
    /** Bytes from the bias of one vector of columns to the next; 0 for zeros. */
    BIAS_STEP,
    /** What is added to the result: the result itself, another matrix, or zeros. */
    BASE,
    /** Bytes from one row of the base to the next; 0 for zeros. */
    BASE_ROW,
    /** Bytes from one vector of columns of the base to the next; 0 for zeros. */
    BASE_STEP,
    /** The lanes of the last vector of a group: a bit each (512 bits), or the address of a vector (256). */
    LANES,
    /** Rows that exist; tiles alone look at it. */
    ROWS,
    /** Scratch for sums, a page; tiles alone use it. */
    SUMS,
    /** The configuration of the tiles; tiles alone use it. */
    TILES;

    static final int BYTES = values().length * Long.BYTES;

    int offset() {
        return ordinal() * Long.BYTES;
    }

    void set(MemorySegment block, long value) {
        block.set(ValueLayout.JAVA_LONG, offset(), value);
    }

    long get(MemorySegment block) {
        return block.get(ValueLayout.JAVA_LONG, offset());
    }

    void add(MemorySegment block, long value) {
        set(block, get(block) + value);
    }
}
