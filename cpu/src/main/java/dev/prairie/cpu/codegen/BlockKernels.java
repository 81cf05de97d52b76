package dev.prairie.cpu.codegen;

import java.lang.foreign.MemorySegment;

/** The inner loops of products, made once: in vector registers or in tiles. */
sealed interface BlockKernels {
    /** Most panels of columns that one call does. */
    int panels();

    /**
     * One block: {@code rows} rows of A times {@code panels} panels of B.
     *
     * @param call  the arguments, of which this sets {@link BlockCall#PANELS} and what only it knows
     * @param a     the first row of squares of A
     * @param rowBytes bytes of a row of squares of A
     */
    void run(MemorySegment call, int rows, int panels, long a, long rowBytes);

    /** What is best for numbers of this unit. */
    static BlockKernels of(CodePages pages, Isa isa, PackKernels.Unit unit) {
        boolean pairs = unit == PackKernels.Unit.PAIR;
        return pairs && isa.bf16() == Isa.Bf16.TILES ? new Tiles(pages) : new Vectors(pages, isa, pairs);
    }

    /** In vector registers: panels of some rows, and one kernel for each number of rows that may be left. */
    final class Vectors implements BlockKernels {
        private final Isa isa;
        private final int rows;
        private final Kernel[][] kernels; // [vectors - 1][rows - 1]

        Vectors(CodePages pages, Isa isa, boolean pairs) {
            this.isa = isa;
            rows = VectorBlock.rows(isa);
            kernels = new Kernel[VectorBlock.VECTORS][rows];
            for (int v = 0; v < VectorBlock.VECTORS; v++)
                for (int r = 0; r < rows; r++)
                    kernels[v][r] = pages.add(new VectorBlock(isa, pairs, r + 1, v + 1).code());
        }

        @Override
        public int panels() {
            return VectorBlock.VECTORS;
        }

        @Override
        public void run(MemorySegment call, int count, int panels, long a, long rowBytes) {
            int full = count / rows;
            int rest = count % rows;
            BlockCall.A.set(call, a);
            if (full > 0) {
                BlockCall.PANELS.set(call, full);
                kernels[panels - 1][rows - 1].call(call.address());
            }
            if (rest == 0) return;
            int done = full * rows;
            int halves = isa.lanes() / rows;
            long half = (long) rows * isa.bits() / 8;
            BlockCall.A.set(call, a + full / halves * rowBytes + full % halves * half);
            BlockCall.C.set(call, BlockCall.C.get(call) + done * BlockCall.C_ROW.get(call));
            BlockCall.BASE.set(call, BlockCall.BASE.get(call) + done * BlockCall.BASE_ROW.get(call));
            BlockCall.PANELS.set(call, 1);
            kernels[panels - 1][rest - 1].call(call.address());
        }
    }

    /** In tiles: panels of two squares of rows; the last may have fewer. */
    final class Tiles implements BlockKernels {
        private static final int ROWS = 32;
        private final Kernel[] kernels = new Kernel[2];

        Tiles(CodePages pages) {
            for (int c = 0; c < kernels.length; c++) kernels[c] = pages.add(new TileBlock(c + 1).code());
        }

        @Override
        public int panels() {
            return kernels.length;
        }

        @Override
        public void run(MemorySegment call, int count, int panels, long a, long rowBytes) {
            int blocks = Math.ceilDiv(count, ROWS);
            BlockCall.A.set(call, a);
            BlockCall.PANELS.set(call, blocks);
            BlockCall.LAST_ROWS.set(call, count - (blocks - 1) * ROWS);
            kernels[panels - 1].call(call.address());
        }
    }
}
