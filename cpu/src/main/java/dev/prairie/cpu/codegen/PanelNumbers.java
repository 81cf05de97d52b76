package dev.prairie.cpu.codegen;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.Buffer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.Gradient;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The input's gradient of a product with quantised weights: some panels at a time become F32 numbers again, and a product
 * of F32 numbers does the rest.
 */
final class PanelNumbers implements AutoCloseable {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    /** Columns at a time. */
    private static final int TOGETHER = 8 * PanelLayout.COLUMNS;

    /** {@code dX(N, C) (+)= dOut(N, O) · w(O, C)} of F32 numbers. */
    @FunctionalInterface
    interface Product {
        void run(Gradient dX, Tensor dOut, Tensor w);
    }

    private final WorkerPool pool;
    private final PanelProduct panels;
    private final Pages memory; // the numbers, the columns of dOut, then an unpacked panel for each worker

    PanelNumbers(WorkerPool pool, PanelProduct panels, SystemCalls system) {
        this.pool = pool;
        this.panels = panels;
        this.memory = new Pages(system, 2 + pool.threads());
    }

    synchronized void backwardInput(Gradient dX, Tensor dOut, Panels w, Product product) {
        int n = dOut.shape().rows();
        int width = w.width();
        if (w.outputs() == 0) dX.cleared();
        for (int first = 0; first < w.outputs(); first += TOGETHER) {
            int count = Math.min(TOGETHER, w.outputs() - first);
            Tensor numbers = tensor(0, count, width);
            decode(numbers.segment().address(), w, first / PanelLayout.COLUMNS, count);
            Tensor columns = tensor(1, n, count);
            long row = 4L * w.outputs();
            for (int i = 0; i < n; i++)
                Memory.copy(
                        columns.segment().address() + 4L * i * count,
                        dOut.segment().address() + i * row + 4L * first,
                        4L * count);
            product.run(new Gradient(dX.tensor(), dX.add() || first > 0), columns, numbers);
        }
    }

    private Tensor tensor(int slot, int rows, int columns) {
        long bytes = 4L * rows * columns;
        Buffer buffer = Buffer.of(Memory.segment(memory.take(slot, Math.max(bytes, 1)), bytes));
        return Tensor.over(buffer, DType.F32, Shape.of(rows, columns));
    }

    /** {@code count} columns of the product from panel {@code panel} on, as rows of numbers at {@code to}. */
    private void decode(long to, Panels w, int panel, int count) {
        PanelLayout layout = w.layout();
        int unit = layout.unpackedBytes() * layout.blocks();
        Kernel unpack = panels.unpack(layout);
        boolean signed = panels.signed(layout);
        pool.run(Math.ceilDiv(count, PanelLayout.COLUMNS), (task, worker) -> {
            long unpacked = memory.take(2 + worker, unit);
            int columns = Math.min(PanelLayout.COLUMNS, count - task * PanelLayout.COLUMNS);
            long rows = to + 4L * task * PanelLayout.COLUMNS * w.width();
            for (int block = 0; block < w.blocks(); block += layout.blocks()) {
                unpack.call(w.at(panel + task, block), unpacked, 1);
                for (int b = 0; b < layout.blocks(); b++)
                    block(
                            layout,
                            signed,
                            Memory.segment(unpacked + (long) b * layout.unpackedBytes(), layout.unpackedBytes()),
                            columns,
                            rows + 4L * (block + b) * PanelLayout.BLOCK,
                            4L * w.width());
            }
        });
    }

    private static void block(PanelLayout layout, boolean signed, MemorySegment from, int columns, long to, long row) {
        MemorySegment rows = Memory.segment(to, (columns - 1) * row + 4L * PanelLayout.BLOCK);
        for (int c = 0; c < columns; c++) {
            for (int k = 0; k < PanelLayout.BLOCK; k++) {
                int q = k / 4, part = q / layout.quads();
                float scale = from.get(Tensor.FLOAT, PanelLayout.unpackedScales(part) + 4L * c);
                float minimum = layout.minima() ? from.get(Tensor.FLOAT, layout.unpackedMinima(part) + 4L * c) : 0;
                byte level = from.get(BYTE, (long) q * PanelLayout.QUAD + 4L * c + k % 4);
                int number = signed ? level : (level & 255) - layout.offset();
                rows.set(Tensor.FLOAT, c * row + 4L * k, scale * number - minimum);
            }
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
