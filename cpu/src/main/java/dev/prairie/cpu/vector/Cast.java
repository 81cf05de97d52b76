package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.getShort;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.Memory.setShort;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;

/**
 * F32, BF16 and F16 into each other, by way of F32, to a narrower type by rounding to nearest, ties to even. Simple
 * loops, which the compiler turns into vectors by itself. Arguments are addresses.
 */
final class Cast {
    private Cast() {}

    static void run(WorkerPool pool, long out, DType to, long x, DType from, long size) {
        Split.elements(pool, size, Split.LIGHT, (offset, n, worker) -> {
            long first = offset / Float.BYTES;
            range(out + to.bytes(first), to, x + from.bytes(first), from, n);
        });
    }

    /** {@code n} numbers. */
    static void range(long out, DType to, long x, DType from, int n) {
        if (to == from) {
            Memory.copy(out, x, to.bytes(n));
            return;
        }
        switch (from) {
            case F32 -> {
                switch (to) {
                    case BF16 -> {
                        for (int i = 0; i < n; i++) setShort(out + 2L * i, toBf16(get(x + 4L * i)));
                    }
                    case F16 -> {
                        for (int i = 0; i < n; i++) setShort(out + 2L * i, Float.floatToFloat16(get(x + 4L * i)));
                    }
                    case F32, I32, Q8_0, Q4_0, Q4_K, Q6_K -> throw refused(to, from);
                }
            }
            case BF16 -> {
                switch (to) {
                    case F32 -> {
                        for (int i = 0; i < n; i++) set(out + 4L * i, fromBf16(getShort(x + 2L * i)));
                    }
                    case F16 -> {
                        for (int i = 0; i < n; i++)
                            setShort(out + 2L * i, Float.floatToFloat16(fromBf16(getShort(x + 2L * i))));
                    }
                    case BF16, I32, Q8_0, Q4_0, Q4_K, Q6_K -> throw refused(to, from);
                }
            }
            case F16 -> {
                switch (to) {
                    case F32 -> {
                        for (int i = 0; i < n; i++) set(out + 4L * i, Float.float16ToFloat(getShort(x + 2L * i)));
                    }
                    case BF16 -> {
                        for (int i = 0; i < n; i++)
                            setShort(out + 2L * i, toBf16(Float.float16ToFloat(getShort(x + 2L * i))));
                    }
                    case F16, I32, Q8_0, Q4_0, Q4_K, Q6_K -> throw refused(to, from);
                }
            }
            case I32, Q8_0, Q4_0, Q4_K, Q6_K -> throw refused(to, from);
        }
    }

    private static IllegalArgumentException refused(DType to, DType from) {
        return new IllegalArgumentException("cast: " + from + " to " + to + "; only F32, BF16 and F16 are cast");
    }

    /** The upper half of a binary32. */
    static float fromBf16(short x) {
        return Float.intBitsToFloat(x << 16);
    }

    /** Rounds to nearest, ties to even; a NaN stays one even if its upper bits are zero. */
    static short toBf16(float x) {
        int bits = Float.floatToRawIntBits(x);
        if (Float.isNaN(x)) return (short) ((bits >>> 16) | 0x40);
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }
}
