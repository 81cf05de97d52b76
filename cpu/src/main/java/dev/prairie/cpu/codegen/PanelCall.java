package dev.prairie.cpu.codegen;

/**
 * The arguments of a kernel of quantised products, in memory because there are more than a call can carry. The order of
 * the constants is the order in memory, eight bytes each.
 */
enum PanelCall {
    /** Rounded activations, see {@link PanelCode}. */
    X,
    /** Bytes from one row of them to the next. */
    X_ROW,
    /** Weights: a panel, or a part of one that was unpacked. */
    W,
    /** Blocks of 32 along k. */
    BLOCKS,
    /** The result. */
    OUT,
    /** Bytes from one row of the result to the next. */
    OUT_ROW,
    /** What is added to the result: the result itself, or one row for all, 0 bytes apart. */
    BASE,
    /** Bytes from one row of the base to the next. */
    BASE_ROW,
    /** Stretches of rows, or panels, to do. */
    COUNT,
    /** Scales and terms of the first stretch of rows; tiles alone look at them. */
    SIDE,
    /** Bytes from one stretch to the next there. */
    SIDE_STRETCH,
    /** The configuration of the tiles, and a tile's worth of memory after it. */
    TILES;

    Mem in(Gpr call) {
        return Mem.at(call, offset());
    }

    private int offset() {
        return ordinal() * Long.BYTES;
    }

    void set(long call, long value) {
        Memory.set(call + offset(), value);
    }
}
