package dev.prairie.tensor;

import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Named F32 tensors one after the other in one stretch of memory, each on a cache line: the weights of a model, their
 * gradients, the moments of an optimizer. What concerns all of them is one call on {@link #all}.
 *
 * @param all     the whole stretch, one-dimensional; the few elements between the tensors stay zero
 * @param tensors by name, in order
 */
public record Bundle(Tensor all, Map<String, Tensor> tensors) {
    public Bundle {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /** Zeroed tensors of the given shapes that live as long as {@code arena}. */
    public static Bundle zeros(Arena arena, Map<String, Shape> shapes) {
        long total = 0;
        for (Shape s : shapes.values()) total = Math.addExact(total, padded(s));
        Buffer buffer = Buffer.allocate(arena, total);
        var tensors = new LinkedHashMap<String, Tensor>();
        long offset = 0;
        for (var e : shapes.entrySet()) {
            Buffer own = buffer.slice(offset, DType.F32.bytes(e.getValue().size()));
            tensors.put(e.getKey(), Tensor.over(own, DType.F32, e.getValue()));
            offset += padded(e.getValue());
        }
        Shape flat = Shape.of(Math.toIntExact(total / DType.F32.size()));
        return new Bundle(Tensor.over(buffer, DType.F32, flat), tensors);
    }

    /** The tensor of that name, which must be there. */
    public Tensor get(String name) {
        Tensor t = tensors.get(name);
        if (t == null) throw new IllegalArgumentException("bundle: no tensor " + name);
        return t;
    }

    private static long padded(Shape s) {
        return Math.ceilDiv(DType.F32.bytes(s.size()), Buffer.ALIGNMENT) * Buffer.ALIGNMENT;
    }
}
