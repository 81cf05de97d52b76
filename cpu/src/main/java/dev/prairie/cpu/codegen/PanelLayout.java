package dev.prairie.cpu.codegen;

import dev.prairie.tensor.DType;
import java.util.Arrays;

/**
 * How quantised weights lie in {@link Panels}: a panel is {@value #COLUMNS} columns of the product over all of k, a unit of
 * it what a block of the file is, and a block always 32 steps of k. A unit starts with what scales all of it, then come
 * its blocks, each with its scales first. Everything starts on a cache line, and types keep their bits: four stay four.
 *
 * <p>A quad is four steps of k for each of the columns, 128 bytes when unpacked: what {@code vpdpbusd} takes. The bits of
 * a block's weights lie in one or two planes, the low bits in the first. A plane of b bits is b vectors of 128 bytes:
 * vector q % b holds quad q, shifted left by b * (q / b). A plane of 8 bits is the quads themselves.
 */
enum PanelLayout {
    Q8_0(1, Scales.HALVES, false, 1, 128, Level.NUMBER, 8),
    Q4_0(1, Scales.HALVES, false, 1, 8, Level.NUMBER, 4),
    Q4_1(1, Scales.HALVES, true, 1, 0, Level.NUMBER, 4),
    Q5_0(1, Scales.HALVES, false, 1, 16, Level.NUMBER, 4, 1),
    Q5_1(1, Scales.HALVES, true, 1, 0, Level.NUMBER, 4, 1),
    Q2_K(8, Scales.NIBBLES, true, 2, 0, Level.NUMBER, 2),
    Q3_K(8, Scales.SIGNED, false, 2, 4, Level.NUMBER, 2, 1),
    Q4_K(8, Scales.UNSIGNED, true, 1, 0, Level.NUMBER, 4),
    Q5_K(8, Scales.UNSIGNED, true, 1, 0, Level.NUMBER, 4, 1),
    Q6_K(8, Scales.SIGNED, false, 2, 32, Level.NUMBER, 4, 2),
    IQ4_NL(1, Scales.HALVES, false, 1, 128, Level.UNEVEN, 4),
    IQ4_XS(8, Scales.SIGNED, false, 1, 128, Level.UNEVEN, 4),
    MXFP4(1, Scales.POWERS, false, 1, 16, Level.FLOAT, 4);

    /** How the scales of a block are stored, and its minima after them. */
    enum Scales {
        /** F16 for each column. */
        HALVES,
        /** BF16 for each column: powers of two, the denormal ones too. */
        POWERS,
        /** Bytes, times an F16 for the whole unit. */
        UNSIGNED,
        /** Signed bytes, times an F16 for the whole unit. */
        SIGNED,
        /** The low half of a byte; the high half is the minimum. Both times an F16 for the whole unit. */
        NIBBLES;

        /** Whether there are factors for a whole unit. */
        boolean inUnits() {
            return this == UNSIGNED || this == SIGNED || this == NIBBLES;
        }
    }

    /** What the bits of a weight stand for. */
    enum Level {
        /** A whole number. */
        NUMBER,
        /** One of 16 that lie closer together near zero: IQ4_NL and IQ4_XS of ggml. */
        UNEVEN(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113),
        /** Twice a number of one sign, two exponent and one fraction bits: E2M1 of the OCP Microscaling Formats, 5.3.3. */
        FLOAT(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

        private final int[] table; // not changed

        Level(int... table) {
            this.table = table;
        }

        boolean looked() {
            return table.length > 0;
        }

        /** The 16 values as bytes, each increased by {@code offset}, in two halves of eight. */
        long[] bytes(int offset) {
            long[] halves = new long[2];
            for (int i = 0; i < table.length; i++)
                halves[i / 8] |= (long) ((table[i] + offset) & 0xFF) << 8 * (i % 8);
            return halves;
        }
    }

    /** Columns of a panel. */
    static final int COLUMNS = 32;

    /** Steps of k in a block. */
    static final int BLOCK = 32;

    /** Quads in a block, and bytes of one. */
    static final int QUADS = 8, QUAD = 128;

    private static final int LINE = 64;

    private final int blocks;
    private final Scales scales;
    private final boolean minima;
    private final int parts;
    private final int offset;
    private final Level level;
    private final int[] planes; // not changed
    private final int blockBytes;

    PanelLayout(int blocks, Scales scales, boolean minima, int parts, int offset, Level level, int... planes) {
        this.blocks = blocks;
        this.scales = scales;
        this.minima = minima;
        this.parts = parts;
        this.offset = offset;
        this.level = level;
        this.planes = planes;
        this.blockBytes = scaleBytes() + Arrays.stream(planes).sum() * QUAD;
    }

    static PanelLayout of(DType type) {
        return switch (type) {
            case Q8_0 -> Q8_0;
            case Q4_0 -> Q4_0;
            case Q4_K -> Q4_K;
            case Q6_K -> Q6_K;
            case F32, BF16, F16, I32 -> throw new IllegalArgumentException("panels: " + type + " is not quantised");
        };
    }

    /** Blocks in a unit. */
    int blocks() {
        return blocks;
    }

    Scales scales() {
        return scales;
    }

    /** Whether a minimum is taken off after scaling. */
    boolean minima() {
        return minima;
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

    Level level() {
        return level;
    }

    /** Bits of the planes: one or two numbers. */
    int bits(int plane) {
        return planes[plane];
    }

    int planes() {
        return planes.length;
    }

    // ---- where things are -----------------------------------------------------------------------------------------

    /** Bytes of a unit before its blocks: a line with an F16 for each column, and one for minima. */
    int head() {
        return scales.inUnits() ? LINE * (minima ? 2 : 1) : 0;
    }

    /** Where the minima's factors are in a unit. */
    int headMinima() {
        return LINE;
    }

    /** Where the scales of a part are in a block. */
    int scalesAt(int part) {
        return part * COLUMNS;
    }

    /** Where the minima of a part are in a block. */
    int minimaAt(int part) {
        return switch (scales) {
            case HALVES, POWERS -> LINE;
            case UNSIGNED, SIGNED -> (parts + part) * COLUMNS;
            case NIBBLES -> scalesAt(part);
        };
    }

    /** Bytes of a block before its planes. */
    int scaleBytes() {
        int bytes = switch (scales) {
            case HALVES, POWERS -> LINE * (minima ? 2 : 1);
            case UNSIGNED, SIGNED -> parts * COLUMNS * (minima ? 2 : 1);
            case NIBBLES -> parts * COLUMNS;
        };
        return Math.ceilDiv(bytes, LINE) * LINE;
    }

    /** Where vector {@code vector} of a plane is in a block. */
    int planeAt(int plane, int vector) {
        int before = plane == 0 ? 0 : planes[0];
        return scaleBytes() + (before + vector) * QUAD;
    }

    int blockBytes() {
        return blockBytes;
    }

    int unitBytes() {
        return head() + blocks * blockBytes();
    }

    // ---- a panel unpacked for the matrix product: bytes and F32 scales, whatever the type ------------------------

    /** Where the scales of part {@code part} are in an unpacked block; after them come the minima. */
    static int unpackedScales(int part) {
        return QUADS * QUAD + part * COLUMNS * Float.BYTES;
    }

    /** Where the minima of a part are in an unpacked block. */
    int unpackedMinima(int part) {
        return unpackedScales(parts + part);
    }

    int unpackedBytes() {
        return unpackedScales(minima ? 2 * parts : parts);
    }
}
