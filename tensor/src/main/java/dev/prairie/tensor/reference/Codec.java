package dev.prairie.tensor.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** How one block of a quantised type is read and written. Numbers are in {@code x} from {@code first} on. */
interface Codec {
    /** Little-endian, as in a file. */
    ValueLayout.OfShort F16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** What the block stands for: F32 operations in ggml's order, so that the bits are the same. */
    void decode(float[] x, MemorySegment block);

    /** Overwrites the whole block. Numbers are finite and no larger than an F16 can be. */
    void encode(MemorySegment block, float[] x);

    static float half(MemorySegment block, long at) {
        return Float.float16ToFloat(block.get(F16, at));
    }

    static void half(MemorySegment block, long at, float value) {
        block.set(F16, at, Float.floatToFloat16(value));
    }

    static int unsigned(MemorySegment block, long at) {
        return block.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
    }

    static void unsigned(MemorySegment block, long at, int value) {
        block.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    static void or(MemorySegment block, long at, int bits) {
        unsigned(block, at, unsigned(block, at) | bits);
    }

    /** {@code 1 / scale}, or 0 where there is no such number: then every number is as good as 0. */
    static float inverse(float scale) {
        float inverse = 1 / scale;
        return Math.abs(inverse) <= Float.MAX_VALUE ? inverse : 0;
    }
}
