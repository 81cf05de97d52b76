package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Simd.*;

import java.util.function.BiConsumer;

/**
 * What the kernels of quantised products share: how weights come out of a {@link PanelLayout}, how bytes are multiplied
 * with and without {@code vpdpbusd}, and where rows of rounded activations have what.
 *
 * <p>A row of activations is a record for each block of 32: its whole numbers, then for each part of the block a term
 * that is added to its sum ({@code -offset * Σ q}, so that unsigned weights cost nothing; where the layout has minima,
 * {@code s * Σ q} as F32 instead), then the scale s. Whole numbers are bytes for {@code vpdpbusd}; for {@code vpmaddwd} they are
 * 16 bits wide, of each four the even ones first, as the weights' even and odd bytes are multiplied apart.
 */
final class PanelCode {
    private final Assembler a;
    private final Isa isa;
    private final PanelLayout layout;

    PanelCode(Assembler a, Isa isa, PanelLayout layout) {
        this.a = a;
        this.isa = isa;
        this.layout = layout;
    }

    /** Whether there is a dot product of bytes. */
    static boolean dots(Isa isa) {
        return isa.int8() != Isa.Int8.PAIRS;
    }

    static boolean tiles(Isa isa) {
        return isa.int8() == Isa.Int8.TILES;
    }

    // ---- rows of activations ------------------------------------------------------------------------------------

    /** Bytes of a quad of whole numbers. */
    static int quad(Isa isa) {
        return dots(isa) ? 4 : 8;
    }

    /** Where the term of a part of a block is. */
    static int term(Isa isa, int part) {
        return PanelLayout.QUADS * quad(isa) + 4 * part;
    }

    /** Where the scale is. */
    static int scale(Isa isa) {
        return term(isa, 2);
    }

    /** Bytes of a record. */
    static int record(Isa isa) {
        return term(isa, 4);
    }

    /** Bytes from row to row: an odd number of cache lines, so that rows do not fall onto the same places of a cache. */
    static long row(long bytes) {
        return (Math.ceilDiv(bytes, 64) | 1) * 64;
    }

    /**
     * Tiles want whole numbers alone, and those of a tile together: for each stretch of 16 rows and each block 16 times 32
     * bytes. Scales and terms are apart: for each stretch and block 16 scales, then 16 terms of each part if there are minima.
     */
    static final int STRETCH = 16, X_TILE = STRETCH * PanelLayout.BLOCK;

    /** Bytes of the scales and terms of a stretch and a block. */
    static int side(PanelLayout layout) {
        return layout.minima() ? sideTerms(layout.parts()) : sideTerms(0);
    }

    /** Where the terms of a part are there. */
    static int sideTerms(int part) {
        return 4 * STRETCH * (1 + part);
    }

    // ---- vectors ------------------------------------------------------------------------------------------------

    /** Bytes of a vector. */
    int bytes() {
        return isa.bits() / 8;
    }

    Vec v(int index) {
        return new Vec(index, isa.bits());
    }

    /** Vectors in a quad of a panel. */
    int vectors() {
        return PanelLayout.QUAD / bytes();
    }

    void zero(Vec to) {
        a.emit(VXORPS, to, to, to);
    }

    /** {@code value} in every lane of 32 bits, by way of RAX. */
    void constant(Vec to, int value) {
        a.mov(Gpr.RAX, value);
        a.emit(VMOVD, new Vec(to.index(), 128), Gpr.RAX);
        a.emit(VPBROADCASTD, to, new Vec(to.index(), 128));
    }

    // ---- weights ------------------------------------------------------------------------------------------------

    /** What {@link #weights} needs in registers: masks of the planes; set by {@link #constants}. */
    record Constants(Vec low, Vec high) {}

    /** @param signed whether levels that are looked up come out signed, see {@link UnpackPanel} */
    void constants(Constants c, boolean signed) {
        if (layout.bits(0) < 8) constant(c.low, mask(0));
        if (layout.planes() > 1) constant(c.high, mask(1));
        else if (layout.level().looked()) table(c.high, layout.level().bytes(signed ? 0 : layout.offset()));
    }

    /** Where the bits of a plane are in each byte. */
    private int mask(int plane) {
        int bits = (1 << layout.bits(plane)) - 1;
        return 0x01010101 * (plane == 0 ? bits : bits << layout.bits(0));
    }

    /** 16 bytes in every 128 bits, by way of the memory below the stack that belongs to a function which calls none. */
    private void table(Vec to, long[] halves) {
        for (int i = 0; i < 2; i++) {
            a.mov(Gpr.RAX, halves[i]);
            a.mov(Mem.at(Gpr.RSP, 8 * i - 16), Gpr.RAX);
        }
        a.emit(isa.bits() == 512 ? VBROADCASTF32X4 : VBROADCASTF128, to, Mem.at(Gpr.RSP, -16));
    }

    /**
     * Vector {@code i} of each quad of a part, as bytes in {@code w}, handed to {@code use} with the quad's number.
     * {@code block} points to the block; {@code t} is overwritten.
     */
    void weights(Gpr block, int part, int i, Vec w, Vec t, Constants c, BiConsumer<Integer, Vec> use) {
        int first = part * layout.quads();
        for (int q = first; q < first + layout.quads(); q++) {
            int bits = layout.bits(0);
            if (bits == 8 || q >= bits) a.emit(VMOVUPS, w, at(block, 0, q, i));
            if (bits < 8) {
                if (q >= bits) a.emit(VPSRLW, bits * (q / bits), w, w);
                a.emit(VANDPS, w, c.low, q < bits ? at(block, 0, q, i) : w);
            }
            if (layout.level().looked()) a.emit(VPSHUFB, w, c.high, w);
            if (layout.planes() > 1) {
                a.emit(VMOVUPS, t, at(block, 1, q, i));
                int shift = layout.bits(1) * (q / layout.bits(1)) - bits; // from where they are to above the low ones
                if (shift > 0) a.emit(VPSRLW, shift, t, t);
                if (shift < 0) a.emit(VPSLLW, -shift, t, t);
                a.emit(VANDPS, t, t, c.high);
                a.emit(VORPS, w, w, t);
            }
            use.accept(q, w);
        }
    }

    private Mem at(Gpr block, int plane, int quad, int i) {
        return Mem.at(block, layout.planeAt(plane, quad % layout.bits(plane)) + i * bytes());
    }

    /** F32 scales of a part of a block for the columns of vector {@code i}. {@code unit} points to the block's unit. */
    void scales(Gpr unit, Gpr block, int part, int i, Vec to, Vec t) {
        int column = i * isa.lanes();
        switch (layout.scales()) {
            case HALVES -> a.emit(VCVTPH2PS, to, Mem.at(block, 2 * column));
            case POWERS -> {
                a.emit(VPMOVZXWD, to, Mem.at(block, 2 * column));
                a.emit(VPSLLD, 16, to, to);
            }
            case UNSIGNED, SIGNED, NIBBLES -> {
                Mem whole = Mem.at(block, layout.scalesAt(part) + column);
                a.emit(layout.scales() == PanelLayout.Scales.SIGNED ? VPMOVSXBD : VPMOVZXBD, to, whole);
                if (layout.scales() == PanelLayout.Scales.NIBBLES) {
                    a.emit(VPSLLD, 28, to, to);
                    a.emit(VPSRLD, 28, to, to);
                }
                times(to, Mem.at(unit, 2 * column), t);
            }
        }
    }

    /** F32 minima of a part of a block for the columns of vector {@code i}. */
    void minima(Gpr unit, Gpr block, int part, int i, Vec to, Vec t) {
        int column = i * isa.lanes();
        int at = layout.minimaAt(part);
        switch (layout.scales()) {
            case HALVES, POWERS -> a.emit(VCVTPH2PS, to, Mem.at(block, at + 2 * column));
            case UNSIGNED, SIGNED, NIBBLES -> {
                a.emit(VPMOVZXBD, to, Mem.at(block, at + column));
                if (layout.scales() == PanelLayout.Scales.NIBBLES) a.emit(VPSRLD, 4, to, to);
                times(to, Mem.at(unit, layout.headMinima() + 2 * column), t);
            }
        }
    }

    /** Whole numbers times the F16 numbers in memory. */
    private void times(Vec to, Mem halves, Vec t) {
        a.emit(VCVTDQ2PS, to, to);
        a.emit(VCVTPH2PS, t, halves);
        a.emit(VMULPS, to, to, t);
    }

    // ---- products of bytes --------------------------------------------------------------------------------------

    /** What a vector of weights is multiplied from: itself, or its even and its odd bytes. */
    record Factor(Vec even, Vec odd) {}

    /** Makes {@code w} ready; without dot products, the even and odd bytes are put into the two registers of {@code f}. */
    void split(Vec w, Factor f) {
        if (dots(isa)) return;
        a.emit(VPSRLW, 8, f.odd, w);
        a.emit(VPSLLW, 8, f.even, w);
        a.emit(VPSRLW, 8, f.even, f.even);
    }

    /** {@code sum += w · quad} in every lane, for the quad of a row in {@code t}: loads it with {@link #load}. */
    void multiply(Vec sum, Vec w, Factor f, Mem quad, Vec t) {
        if (dots(isa)) {
            load(t, quad);
            a.emit(VPDPBUSD, sum, w, t);
        } else {
            load(t, quad);
            a.emit(VPMADDWD, t, f.even, t);
            a.emit(VPADDD, sum, sum, t);
            load(t, quad.plus(4));
            a.emit(VPMADDWD, t, f.odd, t);
            a.emit(VPADDD, sum, sum, t);
        }
    }

    /** 32 bits of memory in every lane. */
    void load(Vec t, Mem from) {
        a.emit(VPBROADCASTD, t, from);
    }
}
