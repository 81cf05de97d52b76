package dev.prairie.model.quantize;

import dev.prairie.model.checkpoint.TensorEntry;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.Kernels;
import java.lang.foreign.Arena;

/** Makes tensors of other types, each when a file wants it, so that never more than one of them is in memory. */
public final class Quantizer {
    private final Kernels kernels;

    /** Computes with {@code kernels}, whose blocks are the same on every device. */
    public Quantizer(Kernels kernels) {
        this.kernels = kernels;
    }

    /**
     * {@code entry} in {@code type}; itself if that is its type, or if it holds integers. What is quantised already is
     * decoded on the way. When it is made it throws an {@link IllegalArgumentException} with its name where a number has
     * no block, see {@link dev.prairie.tensor.reference.Quantization#MOST}.
     */
    public TensorEntry convert(TensorEntry entry, DType type) {
        if (entry.type() == type || entry.type() == DType.I32) return entry;
        return new TensorEntry(entry.name(), type, entry.shape(), arena -> made(entry, type, arena));
    }

    private Tensor made(TensorEntry entry, DType type, Arena arena) {
        try (Arena scratch = Arena.ofShared()) {
            Tensor from = entry.content().apply(scratch);
            if (type != DType.F32 && from.type() != DType.F32) {
                Tensor numbers = Tensor.zeros(scratch, entry.shape());
                kernels.cast(numbers, from);
                from = numbers;
            }
            Tensor out = Tensor.zeros(arena, type, entry.shape());
            kernels.cast(out, from);
            return out;
        } catch (IllegalArgumentException unfit) {
            throw new IllegalArgumentException(
                    entry.name() + ": " + unfit.getMessage() + "; write F32 or BF16, or get the model again", unfit);
        }
    }
}
