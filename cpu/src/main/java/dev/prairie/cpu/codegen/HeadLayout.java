package dev.prairie.cpu.codegen;

/**
 * How one head of attention lies in scratch memory, and in what pieces it is worked on.
 *
 * <p>Everything is held transposed, a block of queries side by side in the lanes of two vectors: scores are
 * {@code K · Qᵀ}, so that maximum and sum over the keys go down the rows, lane by lane, and {@code outᵀ = Vᵀ · P}.
 *
 * @param isa  what the processor can
 * @param bf16 whether the operands of products are rounded to BF16
 * @param d    D, width of a head
 */
record HeadLayout(Isa isa, boolean bf16, int d) {
    /** Whether operands lie as BF16, two by two; otherwise as F32, rounded or not. */
    boolean pairs() {
        return bf16 && isa.bf16() != Isa.Bf16.FMA;
    }

    /** Whether F32 operands are rounded to BF16. */
    boolean rounded() {
        return bf16 && !pairs();
    }

    /** The same in F32: for single queries. */
    HeadLayout unpaired() {
        return new HeadLayout(new Isa(isa.bits(), Isa.Bf16.FMA, isa.int8()), bf16, d);
    }

    boolean tiles() {
        return pairs() && isa.bf16() == Isa.Bf16.TILES;
    }

    /** Floats in a vector. */
    int lanes() {
        return isa.lanes();
    }

    /** Bytes of a vector. */
    int vector() {
        return isa.bits() / 8;
    }

    /** Queries in a block. */
    int queries() {
        return 2 * lanes();
    }

    /** Bytes of a row of numbers, one for each query of a block. */
    int queryRow() {
        return 4 * queries();
    }

    /** Keys in a tile: its scores, keys and values stay in the caches next to the core. */
    int tile() {
        return pairs() ? 256 : 64;
    }

    /** What the number of keys is padded to: whole blocks of rows, and of the depth of products. */
    int block() {
        return pairs() ? 32 : 16;
    }

    /** Keys, padded. */
    int padded(int keys) {
        return Math.ceilDiv(keys, block()) * block();
    }

    /** D, padded with zeros to whole vectors. */
    int width() {
        int unit = pairs() ? 2 * lanes() : lanes();
        return Math.ceilDiv(d, unit) * unit;
    }

    /** Bytes of an operand's number. */
    int bytes() {
        return pairs() ? 2 : 4;
    }

    /** Bytes of a key, a value or a query as an operand. */
    int row() {
        return width() * bytes();
    }
}
