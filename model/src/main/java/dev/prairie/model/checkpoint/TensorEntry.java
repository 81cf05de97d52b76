package dev.prairie.model.checkpoint;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.function.Function;

/**
 * A tensor to be written to a file: announced first, and made when its turn comes, so that never more than one is in
 * memory.
 *
 * @param name    as the file calls it
 * @param shape   outermost dimension first
 * @param content makes it in the arena given, which is closed when it has been written
 */
public record TensorEntry(String name, DType type, Shape shape, Function<Arena, Tensor> content) {
    /** A tensor that exists. */
    public static TensorEntry of(String name, Tensor tensor) {
        return new TensorEntry(name, tensor.type(), tensor.shape(), arena -> tensor);
    }

    /** Bytes of the tensor in a file. */
    public long bytes() {
        return type.bytes(shape.size());
    }

    /** The tensor, which must be what was announced. */
    Tensor make(Arena arena) {
        Tensor made = content.apply(arena);
        if (made.type() != type || !made.shape().equals(shape))
            throw new IllegalArgumentException(
                    "checkpoint: " + name + " is announced as " + type + shape + ", is " + made);
        return made;
    }
}
