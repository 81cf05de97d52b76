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
     * bytes. Scales and terms are apart: for each stretch and block 16 scales, then 16 terms.
     */
    static final int STRETCH = 16, X_TILE = STRETCH * PanelLayout.BLOCK, SIDE = 128, SIDE_TERMS = 64;

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

    /** What {@link #weights} needs in registers; set by {@link #constants}. */
    record Constants(Vec low, Vec high) {}

    void constants(Constants c) {
        if (layout == PanelLayout.Q8_0) return;
        constant(c.low, 0x0F0F0F0F);
        if (layout == PanelLayout.Q6_K) constant(c.high, 0x30303030);
    }

    /**
     * Vector {@code i} of each quad of a part, as bytes in {@code w}, handed to {@code use} with the quad's number.
     * {@code block} points to the block; {@code t} is overwritten.
     */
    void weights(Gpr block, int part, int i, Vec w, Vec t, Constants c, BiConsumer<Integer, Vec> use) {
        int first = part * layout.quads();
        if (layout == PanelLayout.Q8_0) {
            for (int q = 0; q < PanelLayout.QUADS; q++) {
                a.emit(VMOVUPS, w, at(block, q, i));
                use.accept(q, w);
            }
            return;
        }
        for (int q = first; q < first + layout.quads(); q++) {
            Mem pair = at(block, q % 4, i);
            if (q < 4) a.emit(VANDPS, w, c.low, pair);
            else {
                a.emit(VMOVUPS, w, pair);
                a.emit(VPSRLW, 4, w, w);
                a.emit(VANDPS, w, w, c.low);
            }
            if (layout == PanelLayout.Q6_K) {
                a.emit(VMOVUPS, t, at(block, 4 + q % 2, i)); // the two vectors with high bits follow the four
                switch (q / 2) {
                    case 0 -> a.emit(VPSLLW, 4, t, t);
                    case 1 -> a.emit(VPSLLW, 2, t, t);
                    case 2 -> {}
                    default -> a.emit(VPSRLW, 2, t, t);
                }
                a.emit(VANDPS, t, t, c.high);
                a.emit(VORPS, w, w, t);
            }
            use.accept(q, w);
        }
    }

    private Mem at(Gpr block, int vector, int i) {
        return Mem.at(block, PanelLayout.SCALES + vector * PanelLayout.QUAD + i * bytes());
    }

    /** F32 scales of a part of a block for the columns of vector {@code i}. {@code unit} points to the block's unit. */
    void scales(Gpr unit, Gpr block, int part, int i, Vec to, Vec t) {
        int column = i * isa.lanes();
        switch (layout) {
            case Q8_0, Q4_0 -> a.emit(VCVTPH2PS, to, Mem.at(block, 2 * column));
            case Q4_K, Q6_K -> {
                Mem whole = Mem.at(block, part * PanelLayout.COLUMNS + column);
                a.emit(layout == PanelLayout.Q4_K ? VPMOVZXBD : VPMOVSXBD, to, whole);
                a.emit(VCVTDQ2PS, to, to);
                a.emit(VCVTPH2PS, t, Mem.at(unit, 2 * column));
                a.emit(VMULPS, to, to, t);
            }
        }
    }

    /** F32 minima of a block for the columns of vector {@code i}. */
    void minima(Gpr unit, Gpr block, int i, Vec to, Vec t) {
        int column = i * isa.lanes();
        a.emit(VPMOVZXBD, to, Mem.at(block, PanelLayout.COLUMNS + column));
        a.emit(VCVTDQ2PS, to, to);
        a.emit(VCVTPH2PS, t, Mem.at(unit, 2 * PanelLayout.COLUMNS + 2 * column));
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
