package dev.prairie.model.checkpoint;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.reference.Quantization;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Weights of any type as F32. */
final class FloatCopy {
    private FloatCopy() {}

    /** The tensor itself if it is F32, else its numbers in {@code arena}. */
    static Tensor of(Tensor t, Arena arena) {
        if (t.type() == DType.F32) return t;
        Tensor out = Tensor.zeros(arena, t.shape());
        into(out, t);
        return out;
    }

    /** Fills the F32 tensor {@code out} with the numbers of {@code t}, which has the same shape. */
    static void into(Tensor out, Tensor t) {
        MemorySegment from = t.segment();
        MemorySegment to = out.segment();
        long count = t.shape().size();
        if (t.type().quantized()) Quantization.decode(out, t);
        else if (t.type() == DType.F32) out.copyFrom(t);
        else if (t.type() == DType.BF16)
            for (long i = 0; i < count; i++)
                to.set(ValueLayout.JAVA_INT_UNALIGNED, 4 * i, from.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i) << 16);
        else if (t.type() == DType.F16)
            for (long i = 0; i < count; i++)
                to.set(Tensor.FLOAT, 4 * i, Float.float16ToFloat(from.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i)));
        else throw new IllegalArgumentException("checkpoint: " + t + " holds no weights");
    }
}
