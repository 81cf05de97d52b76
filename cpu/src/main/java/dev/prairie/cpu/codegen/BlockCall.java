package dev.prairie.cpu.codegen;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The arguments of a block kernel, in memory because there are more than a call can carry. The order of the constants is
 * the order in memory, eight bytes each.
 */
enum BlockCall {
    /** Packed left operand: row panels, one after the other. */
    A,
    /** Packed right operand: panels of one vector of columns. */
    B,
    /** Squares along k. */
    SQUARES,
    /** Bytes from one panel of B to the next. */
    B_PANEL,
    /** The result. */
    C,
    /** Bytes from one row of the result to the next. */
    C_ROW,
    /** A number for each column that is added. */
    BIAS,
    /** What is added to the result: the result itself, another matrix, or zeros with rows 0 bytes apart. */
    BASE,
    /** Bytes from one row of the base to the next. */
    BASE_ROW,
    /** Row panels to do. */
    PANELS,
    /** The lanes of the last vector of columns: a bit each (512 bits), or the address of a vector (256). */
    LANES,
    /** Rows of the last panel that exist; tiles alone look at it. */
    LAST_ROWS,
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
}
