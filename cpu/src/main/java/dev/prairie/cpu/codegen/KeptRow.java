package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Simd.*;

import dev.prairie.tensor.DType;

/**
 * A row of D numbers of a head as a cache keeps it, read as F32 a vector at a time: F32, F16, or Q8_0 (blocks of a scale
 * and 32 bytes).
 */
record KeptRow(DType type, int d) {
    /** Whether the code for {@code lanes} can: only AVX-512 reads the end of a row of F16 without reading beyond it. */
    static boolean can(DType type, int d, int lanes) {
        return switch (type) {
            case F32 -> true;
            case F16 -> d % lanes == 0 || lanes == 16;
            case Q8_0 -> d % type.block() == 0;
            default -> false;
        };
    }

    /** Vector {@code i} of the row at {@code row}, zero beyond D. Overwrites t. */
    void load(Assembler a, Lanes lanes, Vec to, Mem row, int i, Vec t) {
        int lane = lanes.bytes() / Float.BYTES, from = i * lane;
        if (from >= d) {
            lanes.clear(to);
            return;
        }
        boolean whole = from + lane <= d;
        switch (type) {
            case F16 -> {
                Mem at = row.plus(2 * from);
                if (whole) a.emit(VCVTPH2PS, to, at);
                else a.zeroed(Lanes.TAIL, VCVTPH2PS, to, at);
            }
            case Q8_0 -> {
                int block = from / type.block() * type.blockBytes();
                a.emit(VPMOVSXBD, to, row.plus(block + 2 + from % type.block()));
                a.emit(VCVTDQ2PS, to, to);
                a.emit(VCVTPH2PS, t, row.plus(block)); // the scale, and bytes that are no numbers
                a.emit(VBROADCASTSS, t, t.as(128));
                a.emit(VMULPS, to, to, t);
            }
            default -> {
                Mem at = row.plus(4 * from);
                if (whole) lanes.load(to, at);
                else lanes.loadTail(to, at);
            }
        }
    }

    /** Bytes of the row. */
    int bytes() {
        return Math.toIntExact(type.bytes(d));
    }
}
