package dev.prairie.cpu.codegen;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The arguments of a kernel that streams weights of 16 bits, in memory because there are more than a call can carry. The
 * order of the constants is the order in memory, eight bytes each.
 */
enum HalfCall {
    /** Activations, F32, as many of each row as the weights have steps of k. */
    X,
    /** Bytes from one row of them to the next. */
    X_ROW,
    /** The first panel of weights; the next follow it. */
    W,
    /** Lines of a panel: a multiple of {@link StreamHalves#UNROLL}. */
    LINES,
    /** Panels to do. */
    COUNT,
    /** The result. */
    OUT,
    /** Bytes from one row of the result, and of the residual, to the next. */
    OUT_ROW,
    /** A number for each column that is added, or a vector of zeros. */
    BIAS,
    /** Bytes from the bias of one panel to the next; 0 for zeros. */
    BIAS_STEP,
    /** What is added to the result, or a vector of zeros. */
    RESIDUAL,
    /** Bytes from one panel of it to the next; 0 for zeros. */
    RESIDUAL_STEP,
    /** Bytes from one row of it to the next; 0 for zeros. */
    RESIDUAL_ROW,
    /** The columns that exist: a bit each (512 bits), or the address of a vector (256). */
    LANES;

    static final int BYTES = values().length * Long.BYTES;

    Mem in(Gpr call) {
        return Mem.at(call, offset());
    }

    private int offset() {
        return ordinal() * Long.BYTES;
    }

    void set(MemorySegment call, long value) {
        call.set(ValueLayout.JAVA_LONG, offset(), value);
    }
}
