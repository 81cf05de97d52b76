package dev.prairie.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Dimensions of a row-major tensor, outermost first: {@code (N, H, D)} is {@code Shape.of(n, h, d)}.
 *
 * <p>Zero is a legal dimension (an empty batch), negative is not, and the number of elements fits in a long by
 * construction.
 */
public final class Shape {
    private final int[] dims;
    private final long size;

    private Shape(int[] dims) {
        long n = 1;
        for (int d : dims) {
            if (d < 0) throw new ShapeException("shape", "dimension " + d + " of " + text(dims) + " is negative");
            n = Math.multiplyExact(n, (long) d);
        }
        this.dims = dims;
        this.size = n;
    }

    /** A shape of at least one dimension. */
    public static Shape of(int... dims) {
        if (dims.length == 0) throw new ShapeException("shape", "a shape needs at least one dimension");
        return new Shape(dims.clone());
    }

    /** Number of dimensions. */
    public int rank() {
        return dims.length;
    }

    /** Dimension {@code i}; negative counts from the end, so {@code dim(-1)} is the innermost. */
    public int dim(int i) {
        return dims[i < 0 ? dims.length + i : i];
    }

    /** The innermost dimension: the width of a row. */
    public int last() {
        return dims[dims.length - 1];
    }

    /** Number of rows: the product of all dimensions but the last. */
    public int rows() {
        long n = 1;
        for (int i = 0; i < dims.length - 1; i++) n *= dims[i];
        return Math.toIntExact(n);
    }

    /** Number of elements. */
    public long size() {
        return size;
    }

    /** This shape with another innermost dimension. */
    public Shape withLast(int width) {
        int[] d = dims.clone();
        d[d.length - 1] = width;
        return new Shape(d);
    }

    /** The dimensions, outermost first. */
    public int[] dims() {
        return dims.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape s && Arrays.equals(dims, s.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** As written in this project: {@code (4, 128)}. */
    @Override
    public String toString() {
        return text(dims);
    }

    private static String text(int[] dims) {
        return Arrays.stream(dims).mapToObj(Integer::toString).collect(Collectors.joining(", ", "(", ")"));
    }
}
