package dev.prairie.cpu.codegen;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.PackedWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Quantised weights in {@link PanelLayout}: as many bytes as in the file, or a few more, in the order in which the kernels
 * read them. Columns beyond the last one have scales of zero.
 */
final class Panels implements PackedWeights {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final int HALVES = 0x0F0F0F0F;
    private static final int PAIRS = 0x03030303;
    private static final long LARGE = 2 << 20;

    private final Shape shape;
    private final DType type;
    private final PanelLayout layout;
    private final MemorySegment memory;
    private final long panelBytes;

    /** Copies {@code w(O, C)}, with the threads of {@code pool}. */
    Panels(Tensor w, Arena arena, WorkerPool pool, SystemCalls system) {
        shape = w.shape();
        type = w.type();
        layout = PanelLayout.of(type);
        panelBytes = Math.multiplyExact((long) layout.unitBytes(), blocks() / layout.blocks());
        memory = memory(Math.multiplyExact(panelBytes, panels()), arena, system);
        pool.run(panels(), (panel, worker) -> {
            int first = panel * PanelLayout.COLUMNS;
            int end = Math.min(first + PanelLayout.COLUMNS, outputs());
            for (int o = first; o < end; o++) column(panel, o - first, w.segment(), o * type.bytes(width()));
        });
    }

    /** Straight from the system and zero, on large pages if there are any: kernels stream through gigabytes of it. */
    @SuppressWarnings("restricted") // the memory is ours, and as large as we say
    private static MemorySegment memory(long bytes, Arena arena, SystemCalls system) {
        long size = Math.max(Math.ceilDiv(bytes, LARGE), 1) * LARGE;
        long at = system.map(size);
        system.preferLargePages(at, size);
        return MemorySegment.ofAddress(at)
                .reinterpret(size, arena, m -> system.unmap(m.address(), size))
                .asSlice(0, bytes);
    }

    static Panels of(PackedWeights w) {
        if (w instanceof Panels p) return p;
        throw PackedWeights.foreign(w, CodegenDevice.NAME);
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public DType type() {
        return type;
    }

    @Override
    public long bytes() {
        return memory.byteSize();
    }

    PanelLayout layout() {
        return layout;
    }

    int outputs() {
        return shape.dim(0);
    }

    int width() {
        return shape.dim(1);
    }

    /** Blocks of 32 along k. */
    int blocks() {
        return width() / PanelLayout.BLOCK;
    }

    int panels() {
        return Math.ceilDiv(outputs(), PanelLayout.COLUMNS);
    }

    long panelBytes() {
        return panelBytes;
    }

    /** The address of a panel from block {@code block} on, which starts a unit. */
    long at(int panel, int block) {
        return memory.address() + panel * panelBytes + (long) block / layout.blocks() * layout.unitBytes();
    }

    // ---- filling: one row of the file is one column of a panel ---------------------------------------------------

    private void column(int panel, int column, MemorySegment from, long row) {
        for (int u = 0; u < blocks() / layout.blocks(); u++) {
            long to = panel * panelBytes + (long) u * layout.unitBytes();
            long at = row + (long) u * type.blockBytes();
            switch (layout) {
                case Q8_0 -> q80(to, column, from, at);
                case Q4_0 -> q40(to, column, from, at);
                case Q4_K -> q4k(to, column, from, at);
                case Q6_K -> q6k(to, column, from, at);
            }
        }
    }

    private void half(long to, int column, MemorySegment from, long at) {
        MemorySegment.copy(from, at, memory, to + 2L * column, 2);
    }

    /** Four steps of k of a column: vector {@code vector} of those that start at {@code to}. */
    private void quad(long to, int vector, int column, int bytes) {
        memory.set(INT, to + (long) vector * PanelLayout.QUAD + 4L * column, bytes);
    }

    private void q80(long to, int column, MemorySegment from, long at) {
        half(to, column, from, at);
        for (int q = 0; q < 8; q++)
            quad(to + PanelLayout.SCALES, q, column, from.get(INT, at + 2 + 4L * q) ^ 0x80808080);
    }

    /** The file, too, has number i and number i + 16 in one byte. */
    private void q40(long to, int column, MemorySegment from, long at) {
        half(to, column, from, at);
        for (int p = 0; p < 4; p++) quad(to + PanelLayout.SCALES, p, column, from.get(INT, at + 2 + 4L * p));
    }

    private void q4k(long unit, int column, MemorySegment from, long at) {
        half(unit, column, from, at);
        half(unit + 64, column, from, at + 2);
        for (int b = 0; b < 8; b++) {
            long to = unit + layout.head() + (long) b * layout.blockBytes();
            memory.set(BYTE, to + column, (byte) scale(from, at + 4, b));
            memory.set(BYTE, to + 32 + column, (byte) minimum(from, at + 4, b));
            long bytes = at + 16 + b / 2 * 32L;
            int shift = b % 2 * 4;
            for (int p = 0; p < 4; p++) {
                int low = (from.get(INT, bytes + 4L * p) >>> shift) & HALVES;
                int high = (from.get(INT, bytes + 16 + 4L * p) >>> shift) & HALVES;
                quad(to + PanelLayout.SCALES, p, column, low | (high << 4));
            }
        }
    }

    private static int scale(MemorySegment s, long at, int b) {
        if (b < 4) return s.get(BYTE, at + b) & 63;
        return (s.get(BYTE, at + b + 4) & 15) | ((s.get(BYTE, at + b - 4) & 0xC0) >> 2);
    }

    private static int minimum(MemorySegment s, long at, int b) {
        if (b < 4) return s.get(BYTE, at + b + 4) & 63;
        return ((s.get(BYTE, at + b + 4) & 0xF0) >> 4) | ((s.get(BYTE, at + b) & 0xC0) >> 2);
    }

    private void q6k(long unit, int column, MemorySegment from, long at) {
        half(unit, column, from, at + 208);
        for (int b = 0; b < 8; b++) {
            long to = unit + layout.head() + (long) b * layout.blockBytes();
            memory.set(BYTE, to + column, from.get(BYTE, at + 192 + 2L * b));
            memory.set(BYTE, to + 32 + column, from.get(BYTE, at + 193 + 2L * b));
            int quarter = b % 4;
            long lows = at + b / 4 * 64L + quarter % 2 * 32L;
            long highs = at + 128 + b / 4 * 32L;
            int shift = quarter / 2 * 4;
            int even = 0, odd = 0;
            for (int p = 0; p < 4; p++) {
                int low = (from.get(INT, lows + 4L * p) >>> shift) & HALVES;
                int high = (from.get(INT, lows + 16 + 4L * p) >>> shift) & HALVES;
                quad(to + PanelLayout.SCALES, p, column, low | (high << 4));
                even |= ((from.get(INT, highs + 8L * p) >>> (2 * quarter)) & PAIRS) << (2 * p);
                odd |= ((from.get(INT, highs + 8L * p + 4) >>> (2 * quarter)) & PAIRS) << (2 * p);
            }
            quad(to + PanelLayout.SCALES + PanelLayout.LOW, 0, column, even);
            quad(to + PanelLayout.SCALES + PanelLayout.LOW, 1, column, odd);
        }
    }
}
