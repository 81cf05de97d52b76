package dev.prairie.tensor.device;

import dev.prairie.tensor.Tensor;

/**
 * Where a backward puts a gradient: on top of what is there, or over memory that holds nothing yet. The second spares
 * filling memory with zeros, and reading them again, for every gradient of a step.
 *
 * @param tensor F32, in the shape of what it is the gradient of; any content where {@code add} is false
 * @param add    whether the tensor holds a sum so far, which the new part is added to
 */
public record Gradient(Tensor tensor, boolean add) {
    /** The tensor, zero where it held nothing: for kernels that only know how to add. */
    public Tensor cleared() {
        if (!add) tensor.zero();
        return tensor;
    }
}
