package dev.prairie.cpu.codegen;

import dev.prairie.tensor.DType;

/**
 * How quantised weights lie in {@link Panels}: a panel is {@value #COLUMNS} columns of the product over all of k, a unit of
 * it what a block of the file is, and a block always 32 steps of k. A unit starts with what scales all of it, then come
 * its blocks, each with its scales first. Everything starts on a cache line, and types keep their bits: four stay four.
 *
 * <p>In the bytes of a block a quad is four steps of k for each of the columns, 128 bytes: what {@code vpdpbusd} takes. Of
 * types with fewer bits, byte vector p holds quad p in the low four bits and quad p + 4 in the high ones.
 */
enum PanelLayout {
    /** 32 F16 scales, 8 quads of bytes, 128 meaning zero. */
    Q8_0(1, 0, 64 + 1024, 1, 128),
    /** 32 F16 scales, 4 vectors of two quads, 8 meaning zero. */
    Q4_0(1, 0, 64 + 512, 1, 8),
    /** d and dMin in F16; in a block 32 scales and 32 minima in bytes, 4 vectors of two quads. */
    Q4_K(8, 128, 64 + 512, 1, 0),
    /**
     * d in F16; in a block 32 scales for its first half and 32 for its second, 4 vectors of two quads with the low bits,
     * 2 vectors with the high two: of quads 0, 2, 4, 6 and of 1, 3, 5, 7. 32 means zero.
     */
    Q6_K(8, 64, 64 + 512 + 256, 2, 32);

    /** Columns of a panel. */
    static final int COLUMNS = 32;

    /** Steps of k in a block. */
    static final int BLOCK = 32;

    /** Quads in a block, and bytes of one. */
    static final int QUADS = 8, QUAD = 128;

    /** Bytes of the scales of a block, before its quads. */
    static final int SCALES = 64;

    /** Bytes of a block's low bits, before its high ones. */
    static final int LOW = 512;

    private final int blocks;
    private final int head;
    private final int blockBytes;
    private final int parts;
    private final int offset;

    PanelLayout(int blocks, int head, int blockBytes, int parts, int offset) {
        this.blocks = blocks;
        this.head = head;
        this.blockBytes = blockBytes;
        this.parts = parts;
        this.offset = offset;
    }

    /** Whether there is a layout for {@code type}; weights without one are left to the Vector API. */
    static boolean has(DType type) {
        return switch (type) {
            case Q8_0, Q4_0, Q4_K, Q6_K -> true;
            case F32, BF16, F16, I32, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q5_K, IQ4_NL, IQ4_XS, MXFP4 -> false;
        };
    }

    static PanelLayout of(DType type) {
        return switch (type) {
            case Q8_0 -> Q8_0;
            case Q4_0 -> Q4_0;
            case Q4_K -> Q4_K;
            case Q6_K -> Q6_K;
            case F32, BF16, F16, I32, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q5_K, IQ4_NL, IQ4_XS, MXFP4 ->
                throw new IllegalArgumentException("panels: there is no layout for " + type);
        };
    }

    /** Blocks in a unit. */
    int blocks() {
        return blocks;
    }

    /** Bytes of a unit before its blocks. */
    int head() {
        return head;
    }

    int blockBytes() {
        return blockBytes;
    }

    int unitBytes() {
        return head + blocks * blockBytes;
    }

    /** Parts of a block with a scale of their own. */
    int parts() {
        return parts;
    }

    /** Quads in such a part. */
    int quads() {
        return QUADS / parts;
    }

    /** The byte that means zero: weights are unsigned to the processor. */
    int offset() {
        return offset;
    }

    /** Whether a minimum is taken off after scaling. */
    boolean minima() {
        return this == Q4_K;
    }

    // ---- a panel unpacked for the matrix product: bytes and F32 scales, whatever the type ------------------------

    /** Where the scales of part {@code part} are in an unpacked block; after them come the minima. */
    static int unpackedScales(int part) {
        return QUADS * QUAD + part * COLUMNS * Float.BYTES;
    }

    /** Where the minima are in an unpacked block. */
    int unpackedMinima() {
        return unpackedScales(parts);
    }

    int unpackedBytes() {
        return unpackedScales(parts + (minima() ? 1 : 0));
    }
}
