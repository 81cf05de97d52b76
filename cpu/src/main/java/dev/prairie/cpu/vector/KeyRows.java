package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.getShort;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.Memory.setShort;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Tokens;

/** Rows of keys and values in and out of the type that a cache keeps them in: F32, F16 or Q8_0. Arguments are addresses. */
final class KeyRows {
    private KeyRows() {}

    /** {@code n} numbers, whole blocks of {@code type}, as F32. */
    static void read(long to, DType type, long from, int n) {
        switch (type) {
            case F32 -> Memory.copy(to, from, 4L * n);
            case F16 -> {
                for (int i = 0; i < n; i++) set(to + 4L * i, Float.float16ToFloat(getShort(from + 2L * i)));
            }
            default -> Decode.row(to, type, from, n);
        }
    }

    /** This step's rows {@code k, v (N, K, D)} to where the positions of {@code tokens} belong. */
    static void store(KeyValues kv, long k, long v, Tokens tokens) {
        DType type = kv.k().type();
        int width = kv.k().shape().dim(1) * kv.k().shape().dim(2);
        long bytes = type.bytes(width);
        long toK = Memory.at(kv.k()), toV = Memory.at(kv.v());
        for (int b = 0; b < tokens.sequences(); b++)
            for (int n = tokens.starts()[b]; n < tokens.starts()[b + 1]; n++) {
                long row = kv.row(b, tokens.positions()[n]) * bytes;
                write(toK + row, type, k + 4L * n * width, width);
                write(toV + row, type, v + 4L * n * width, width);
            }
    }

    private static void write(long to, DType type, long from, int n) {
        switch (type) {
            case F32 -> Memory.copy(to, from, 4L * n);
            case F16 -> {
                for (int i = 0; i < n; i++) setShort(to + 2L * i, Float.floatToFloat16(get(from + 4L * i)));
            }
            case Q8_0 -> {
                for (int i = 0; i < n; i += 32) block(to + 34L * (i / 32), from + 4L * i);
            }
            default -> throw new IllegalArgumentException("store: keys and values are kept as F32, F16 or Q8_0");
        }
    }

    /** As {@code reference.Quantization} does it. */
    private static void block(long to, long from) {
        float max = 0;
        for (int i = 0; i < 32; i++) max = Math.max(max, Math.abs(get(from + 4L * i)));
        float scale = max / 127;
        float inverse = scale == 0 ? 0 : 1 / scale;
        setShort(to, Float.floatToFloat16(scale));
        for (int i = 0; i < 32; i++) {
            float x = get(from + 4L * i) * inverse;
            Memory.setByte(to + 2 + i, (byte) (x < 0 ? Math.ceil(x - 0.5) : Math.floor(x + 0.5)));
        }
    }
}
