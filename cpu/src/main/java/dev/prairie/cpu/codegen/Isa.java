package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Features.Feature.*;

import java.util.Optional;

/**
 * Which instructions the generated kernels use: decided once from the {@link Features}, by a function that a test can
 * ask about processors that it does not have.
 *
 * @param bits width of a vector: 512 or 256
 * @param bf16 how products of BF16 numbers are made
 * @param int8 how products of bytes are made
 */
public record Isa(int bits, Bf16 bf16, Int8 int8) {
    /** Ways to multiply BF16 numbers, slowest first. */
    public enum Bf16 {
        /** Rounded to BF16, multiplied as F32. */
        FMA,
        /** {@code vdpbf16ps}: two products and two sums in each lane. */
        DOT,
        /** {@code tdpbf16ps}: 16 x 16 sums of 32 products. */
        TILES
    }

    /** Ways to multiply bytes. */
    public enum Int8 {
        /** {@code vpmaddubsw} and {@code vpmaddwd}. */
        PAIRS,
        /** {@code vpdpbusd}, four products and sums in each lane. */
        QUADS,
        /** {@code tdpbssd}: 16 x 16 sums of up to 64 products; as quads where there are few rows. */
        TILES
    }

    /** Floats in a vector. */
    public int lanes() {
        return bits / 32;
    }

    /** Vector registers. */
    public int registers() {
        return bits == 512 ? 32 : 16;
    }

    /** The best for these features; none where generated code has nothing to offer. */
    public static Optional<Isa> of(Features f) {
        if (!f.has(AVX2, FMA, F16C)) return Optional.empty();
        boolean wide = f.has(AVX512F, AVX512BW, AVX512DQ, AVX512VL);
        if (!wide) return Optional.of(new Isa(256, Bf16.FMA, f.has(AVX_VNNI) ? Int8.QUADS : Int8.PAIRS));
        Int8 int8 = f.has(AVX512_VNNI) ? Int8.QUADS : Int8.PAIRS;
        if (int8 == Int8.QUADS && f.has(AMX_TILE, AMX_INT8)) int8 = Int8.TILES;
        return Optional.of(new Isa(512, bf16(f), int8));
    }

    /**
     * On Intel's processors {@code vdpbf16ps} has half the rate of a multiply-add (measured, see LOG.md), so that
     * rounded numbers multiplied as F32 are as fast; on AMD's it has twice the work of one.
     */
    private static Bf16 bf16(Features f) {
        if (f.has(AMX_TILE, AMX_BF16)) return Bf16.TILES;
        return f.has(AVX512_BF16) && !f.vendor().equals("GenuineIntel") ? Bf16.DOT : Bf16.FMA;
    }

    /** For people: {@code AVX-512, BF16 by tiles, INT8 by quads}. */
    @Override
    public String toString() {
        return (bits == 512 ? "AVX-512" : "AVX2")
                + ", BF16 by "
                + switch (bf16) {
                    case FMA -> "F32 multiply-add";
                    case DOT -> "vdpbf16ps";
                    case TILES -> "AMX tiles";
                }
                + ", INT8 by "
                + switch (int8) {
                    case PAIRS -> "vpmaddubsw";
                    case QUADS -> "vpdpbusd";
                    case TILES -> "AMX tiles";
                };
    }
}
