package dev.prairie.tensor.device;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Tensor;

/**
 * Weights of a linear layer, quantised or of a floating type, in a form of a device's own, made by {@link Kernels#pack}
 * and understood by the kernels of that device alone: one copy, that serves one row of activations and many. Not to be
 * changed: many threads may read them at once.
 *
 * <p>What becomes of activations in a product is said at
 * {@link Kernels#matmul(Tensor, Tensor, PackedWeights, Tensor, Tensor)}. Only quantised weights make whole numbers of them.
 */
public interface PackedWeights {
    /**
     * Neighbours of a row of activations that share a scale in a product with quantised weights: as many as the smallest
     * block of weights has. Larger groups lose more to the few large numbers that activations have (LOG.md has the
     * figures), and would not make the product faster.
     */
    int GROUP = 32;

    /** The least magnitude that a group of activations is measured by, 2⁻¹⁰⁰: so that 127 / m is finite. */
    float NOTHING = 0x1p-100f;

    /** {@code (O, C)}. */
    Shape shape();

    /** How the weights were stored. */
    DType type();

    /** Memory that the packed form takes, in bytes. */
    long bytes();

    /** Whether {@code w} can be packed: two dimensions, any type but I32; a {@link ShapeException} where not. */
    static void check(Tensor w) {
        if (w.type() == DType.I32)
            throw new ShapeException("pack", "w is " + w + ", must be quantised, F32, BF16 or F16");
        if (w.shape().rank() != 2)
            throw new ShapeException(
                    "pack", "w" + w.shape() + " has " + w.shape().rank() + " dimensions, must have 2");
    }

    /** What a device says to weights that another one has packed. */
    static DeviceException foreign(PackedWeights w, String device) {
        return new DeviceException("matmul: w" + w.shape() + " was packed as "
                + w.getClass().getSimpleName() + ", which " + device + " cannot read; pack it with its own kernels");
    }
}
