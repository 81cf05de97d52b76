package dev.prairie.model.transformer;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.Kernels;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Small changes to the projections of one base, which make it good at something (LoRA: Hu et al. 2021, arXiv 2106.09685).
 * The base stays as it is and may serve many of them at once, see {@link Transformer#withAdapters}.
 *
 * @param name    what it is asked for by
 * @param weights what is added to which projection, by the canonical name of its weight; see
 *                {@link TransformerConfig#projections}
 */
public record Adapter(String name, Map<String, LowRank> weights) {
    public Adapter {
        weights = Collections.unmodifiableMap(new LinkedHashMap<>(weights));
    }

    /** The largest rank of its projections; 0 where it changes nothing. */
    public int rank() {
        return weights.values().stream().mapToInt(LowRank::rank).max().orElse(0);
    }

    /** Memory that it takes; a matrix that several projections share counts once. */
    public long bytes() {
        Set<Tensor> all = Collections.newSetFromMap(new IdentityHashMap<>());
        weights.values().forEach(pair -> {
            all.add(pair.a());
            all.add(pair.b());
        });
        return all.stream().mapToLong(t -> t.buffer().size()).sum();
    }

    /**
     * The same as it runs best beside a base: no wider than the base's own weights, so that many adapters are small beside
     * them. Next to quantised weights numbers become Q8_0 where rows are whole blocks of it, else F16; next to weights of 16
     * bits those of 32 become F16; next to F32 all stay as they are. The copies live as long as {@code arena}.
     */
    public Adapter beside(Transformer base, Kernels kernels, Arena arena) {
        var copies = new IdentityHashMap<Tensor, Tensor>();
        var narrowed = new LinkedHashMap<String, LowRank>();
        weights.forEach((weight, pair) -> {
            Tensor of = base.parameters().get(weight);
            if (of == null) throw new ShapeException("adapter", name + " changes " + weight + ", which the base lacks");
            UnaryOperator<Tensor> narrow =
                    t -> copies.computeIfAbsent(t, x -> copy(x, type(x, of.type()), kernels, arena));
            narrowed.put(weight, new LowRank(narrow.apply(pair.a()), narrow.apply(pair.b()), pair.scale()));
        });
        return new Adapter(name, narrowed);
    }

    private static DType type(Tensor t, DType base) {
        if (base == DType.F32 || t.type().quantized()) return t.type();
        if (base.quantized() && t.shape().last() % DType.Q8_0.block() == 0) return DType.Q8_0;
        return t.type() == DType.F32 ? DType.F16 : t.type();
    }

    private static Tensor copy(Tensor t, DType type, Kernels kernels, Arena arena) {
        Tensor copy = Tensor.zeros(arena, type, t.shape());
        if (type == t.type()) copy.copyFrom(t);
        else if (type.quantized() && t.type() != DType.F32)
            try (Arena until = Arena.ofShared()) {
                Tensor numbers = Tensor.zeros(until, t.shape());
                kernels.cast(numbers, t);
                kernels.cast(copy, numbers);
            }
        else kernels.cast(copy, t);
        return copy;
    }

    @Override
    public String toString() {
        return "Adapter[" + name + ", rank " + rank() + ", " + weights.size() + " projections]";
    }
}
