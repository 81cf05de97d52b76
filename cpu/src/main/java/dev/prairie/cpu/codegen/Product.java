package dev.prairie.cpu.codegen;

/**
 * Emits {@code C(rows, columns) = A(rows, depth) · B(depth, columns)}, or adds to C. All three lie in scratch memory that
 * is padded to whole blocks, so there are no edges.
 *
 * <p>Two layouts. <em>Wide</em>: F32, a step of the depth is one number. <em>Pairs</em>: BF16, a step is two numbers
 * side by side, A row by row and B as {@code [depth/2][columns][2]}, which is how both {@code vdpbf16ps} and
 * {@code tdpbf16ps} read it. C is F32 in both, and a step of B is {@code 4 * columns} bytes in both.
 *
 * <p>Uses RAX, RBX, RCX, RDX, RSI, R8 to R11, vector registers 0 to 23 and all tiles; leaves the others alone.
 */
interface Product {
    /**
     * A: its address (a register or a place in memory that holds it).
     *
     * @param row  bytes from one row to the next
     * @param step bytes from one step of the depth to the next
     */
    record Left(Operand at, int row, int step) {}

    /**
     * B.
     *
     * @param step bytes from one step of the depth to the next
     */
    record Right(Operand at, int step) {}

    /**
     * C.
     *
     * @param row bytes from one row to the next
     * @param add whether the product is added to what is there
     */
    record Sum(Operand at, int row, boolean add) {}

    /** {@code rows} and {@code depth} in elements: multiples of {@link #block}; {@code columns} of {@link #lanes}. */
    void emit(Sum c, Left a, Right b, Extent rows, int columns, Extent depth);

    /** What rows and depth must be multiples of. */
    int block();

    /** What columns must be multiples of. */
    int lanes();

    /** Puts an address into a register. */
    static void address(Assembler a, Gpr to, Operand from) {
        switch (from) {
            case Gpr g -> a.mov(to, g);
            case Mem m -> a.mov(to, m);
            default -> throw new IllegalArgumentException("product: an address in " + from);
        }
    }

    /** Products on this processor, of numbers in wide layout or in pairs. */
    static Product of(Assembler a, Isa isa, boolean pairs) {
        if (!pairs) return new BroadcastProduct(a, isa.bits(), Simd.VFMADD231PS, 1);
        return isa.bf16() == Isa.Bf16.TILES ? new TileProduct(a) : new BroadcastProduct(a, 512, Simd.VDPBF16PS, 2);
    }
}
