package dev.prairie.cpu.codegen;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.PackedWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Quantised weights in {@link PanelLayout}: as many bytes as in the file, or a few more, in the order in which the kernels
 * read them. Columns beyond the last one have scales of zero.
 */
final class Panels implements PackedWeights {
    private static final long LARGE = 2 << 20;

    private final Shape shape;
    private final DType type;
    private final PanelLayout layout;
    private final MemorySegment memory;
    private final long panelBytes;

    /** Copies {@code w(O, C)}, with the threads of {@code pool} and {@link PackPanel} for its layout. */
    Panels(Tensor w, Arena arena, WorkerPool pool, SystemCalls system, Kernel pack) {
        shape = w.shape();
        type = w.type();
        layout = PanelLayout.of(type);
        panelBytes = Math.multiplyExact((long) layout.unitBytes(), blocks() / layout.blocks());
        memory = memory(Math.multiplyExact(panelBytes, panels()), arena, system);
        long row = type.bytes(width());
        long from = w.segment().address();
        if (width() > 0) pool.run(panels(), (panel, worker) -> fill(panel, from, row, pack));
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

    private void fill(int panel, long from, long row, Kernel pack) {
        int first = panel * PanelLayout.COLUMNS;
        int rows = Math.min(PanelLayout.COLUMNS, outputs() - first);
        int units = blocks() / layout.blocks();
        if (rows == PanelLayout.COLUMNS) pack.call(at(panel, 0), from + first * row, row, units);
        else
            try (Arena arena = Arena.ofConfined()) { // rows that do not exist are zero
                long copy = arena.allocate(PanelLayout.COLUMNS * row).address();
                Memory.copy(copy, from + first * row, rows * row);
                pack.call(at(panel, 0), copy, row, units);
            }
    }
}
