package dev.prairie.model.checkpoint;

import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** Tensors by name in a file or several, whatever the format. */
public sealed interface TensorFile permits Safetensors, Gguf {
    /** The file that was opened. */
    Path path();

    /** All names, in the order of the file. */
    Set<String> names();

    /** The shape of a tensor whatever its type, outermost dimension first. Empty where there is no such tensor. */
    Optional<Shape> shape(String name);

    /**
     * The tensor over the mapped file, read-only.
     *
     * @throws CheckpointException where there is none, or one of a type that we do not compute with
     */
    Tensor tensor(String name);
}
