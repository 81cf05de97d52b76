package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.TileBlock.Start;
import java.lang.foreign.MemorySegment;

/**
 * The inner loops of products, made once: in vector registers or in tiles. Both keep one operand in the first cache while
 * the other runs by: vectors some columns of B, since they read much of B and little of A; tiles, which read as much of
 * both, some rows of A, so that C is written along its rows, as the processor's prefetching of lines likes it.
 */
sealed interface BlockKernels {
    /** Rows that a call does at most. */
    int rows();

    /**
     * {@code rows} rows of A times {@code columns} columns of B.
     *
     * @param call   the arguments but for those that only this knows: groups, lanes, rows
     * @param stream whether results are too many to stay in a cache
     */
    void run(MemorySegment call, int rows, int columns, boolean stream);

    /** Bytes of C from which on it pays to write past the caches; measured, see LOG.md. */
    long streams();

    /** What is best for numbers of this unit. */
    static BlockKernels of(CodePages pages, Isa isa, PackKernels.Unit unit, Constants constants) {
        boolean pairs = unit == PackKernels.Unit.PAIR;
        return pairs && isa.bf16() == Isa.Bf16.TILES
                ? new Tiles(pages, constants)
                : new Vectors(pages, isa, pairs, constants);
    }

    /**
     * Where constant memory lies.
     *
     * @param zeros a vector of zeros or more: what bias and base are where there is none
     * @param masks a vector of ones and then one of zeros: a window on it is a mask of lanes
     */
    record Constants(long zeros, long masks) {}

    /** Whether every vector of C is a line, or lies in one. */
    private static boolean aligned(MemorySegment call) {
        return ((BlockCall.C.get(call) | BlockCall.C_ROW.get(call)) & 63) == 0;
    }

    /** To the next {@code panels} panels of columns. */
    private static void advance(MemorySegment call, int panels, int vectorBytes) {
        BlockCall.B.add(call, panels * BlockCall.B_PANEL.get(call));
        BlockCall.C.add(call, (long) panels * vectorBytes);
        BlockCall.BIAS.add(call, panels * BlockCall.BIAS_STEP.get(call));
        BlockCall.BASE.add(call, panels * BlockCall.BASE_STEP.get(call));
    }

    /** In vector registers: a kernel for each number of rows and of vectors. */
    final class Vectors implements BlockKernels {
        /** Whose packed rows, and columns of C, stay in the second cache. */
        private static final int ROWS = 128;

        private final Isa isa;
        private final Constants constants;
        private final Kernel[][] kernels; // [vectors - 1][rows - 1]
        private final Kernel[] streams; // [vectors - 1], all rows

        Vectors(CodePages pages, Isa isa, boolean pairs, Constants constants) {
            this.isa = isa;
            this.constants = constants;
            kernels = new Kernel[VectorBlock.VECTORS][VectorBlock.rows(isa)];
            streams = new Kernel[VectorBlock.VECTORS];
            for (int v = 0; v < VectorBlock.VECTORS; v++)
                for (int r = 0; r < VectorBlock.rows(isa); r++)
                    kernels[v][r] = pages.add(new VectorBlock(isa, pairs, r + 1, v + 1, false).code());
            for (int v = 0; v < VectorBlock.VECTORS; v++)
                streams[v] = pages.add(new VectorBlock(isa, pairs, VectorBlock.rows(isa), v + 1, true).code());
        }

        @Override
        public int rows() {
            return ROWS;
        }

        @Override
        public long streams() {
            return 4L << 20;
        }

        @Override
        public void run(MemorySegment call, int rows, int columns, boolean stream) {
            int whole = columns / isa.lanes();
            lanes(call, isa.lanes());
            boolean past = stream && aligned(call);
            for (int done = 0; done < whole; ) {
                int left = whole - done;
                int now = left == VectorBlock.VECTORS + 1 ? 2 : Math.min(left, VectorBlock.VECTORS); // 2 + 2, not 3 + 1
                group(call, rows, now, past);
                done += now;
            }
            int ragged = columns - whole * isa.lanes();
            if (ragged == 0) return;
            lanes(call, ragged);
            group(call, rows, 1, false);
        }

        /** All rows of some vectors of columns. */
        private void group(MemorySegment call, int rows, int vectors, boolean past) {
            int full = rows / kernels[0].length;
            int rest = rows % kernels[0].length;
            long a = BlockCall.A.get(call), c = BlockCall.C.get(call), base = BlockCall.BASE.get(call);
            if (full > 0) panels(call, past ? streams[vectors - 1] : kernels[vectors - 1][kernels[0].length - 1], full);
            if (rest > 0) {
                int done = rows - rest;
                long half = (long) done % isa.lanes() * isa.bits() / 8;
                BlockCall.A.set(call, a + done / isa.lanes() * BlockCall.A_ROW.get(call) + half);
                BlockCall.C.set(call, c + done * BlockCall.C_ROW.get(call));
                BlockCall.BASE.set(call, base + done * BlockCall.BASE_ROW.get(call));
                panels(call, kernels[vectors - 1][rest - 1], 1);
                BlockCall.A.set(call, a);
                BlockCall.C.set(call, c);
                BlockCall.BASE.set(call, base);
            }
            advance(call, vectors, isa.bits() / 8);
        }

        private static void panels(MemorySegment call, Kernel kernel, int count) {
            BlockCall.GROUPS.set(call, count);
            kernel.call(call.address());
        }

        private void lanes(MemorySegment call, int count) {
            BlockCall.LANES.set(
                    call, isa.bits() == 512 ? (1L << count) - 1 : constants.masks + 4L * (isa.lanes() - count));
        }
    }

    /** In tiles: 32 rows, two squares of columns at a time. */
    final class Tiles implements BlockKernels {
        private static final int LANES = 16;

        private final Constants constants;
        private final Kernel[][] kernels = new Kernel[2][Start.values().length];

        Tiles(CodePages pages, Constants constants) {
            this.constants = constants;
            for (int c = 0; c < kernels.length; c++)
                for (Start start : Start.values())
                    kernels[c][start.ordinal()] = pages.add(new TileBlock(c + 1, start).code());
        }

        @Override
        public int rows() {
            return TileBlock.ROWS;
        }

        /** Less than for vectors: at the speed of tiles reading lines that will be written takes most of the time. */
        @Override
        public long streams() {
            return 1L << 20;
        }

        @Override
        public void run(MemorySegment call, int rows, int columns, boolean stream) {
            boolean bias = BlockCall.BIAS.get(call) != constants.zeros;
            boolean base = BlockCall.BASE.get(call) != constants.zeros;
            Start start = rows < TileBlock.ROWS || (bias && base)
                    ? Start.VECTORS
                    : bias ? Start.BIAS : base ? Start.BASE : Start.ZERO;
            int whole = columns / LANES;
            BlockCall.ROWS.set(call, rows);
            BlockCall.LANES.set(call, (1L << LANES) - 1);
            if (stream && aligned(call)) start = Start.STREAM;
            run(call, start, 2, whole / 2);
            run(call, start, 1, whole % 2);
            int ragged = columns - whole * LANES;
            if (ragged == 0) return;
            BlockCall.LANES.set(call, (1L << ragged) - 1);
            run(call, Start.VECTORS, 1, 1);
        }

        private void run(MemorySegment call, Start start, int squares, int groups) {
            if (groups == 0) return;
            BlockCall.GROUPS.set(call, groups);
            kernels[squares - 1][start.ordinal()].call(call.address());
            advance(call, squares * groups, LANES * Float.BYTES);
        }
    }
}
