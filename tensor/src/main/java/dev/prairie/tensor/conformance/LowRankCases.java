package dev.prairie.tensor.conformance;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.conformance.Case.Differentiable;
import dev.prairie.tensor.conformance.Case.InPlace;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/** What adapters add: the rows of the table for {@code adapt} and its kernel. */
final class LowRankCases {
    private static final double SUM = 2e-5;

    private LowRankCases() {}

    static List<Case> all() {
        var cases = new ArrayList<Case>();
        int[][] sizes = { // rows, C, O, ranks of two adapters
            {1, 1, 1, 1, 1},
            {3, 7, 5, 2, 3},
            {4, 64, 48, 16, 8},
            {5, 65, 1030, 3, 17},
            {13, 129, 70, 9, 1},
            {40, 33, 130, 4, 16},
            {70, 96, 64, 16, 16}
        };
        for (int[] z : sizes) {
            int n = z[0], c = z[1], o = z[2];
            Shape out = Shape.of(n, o), x = Shape.of(n, c);
            Shape a = Shape.of(z[3], c), b = Shape.of(z[3], o), otherA = Shape.of(z[4], c), otherB = Shape.of(z[4], o);
            cases.add(new Differentiable(
                    "adapt",
                    "all rows",
                    List.of(out, x, a, b),
                    SUM,
                    (ops, in) -> ops.adapt(
                            ops.scale(in.get(0), 1),
                            in.get(1),
                            List.of(new LowRank(in.get(2), in.get(3), 0.5f).rows(0, n)))));
            if (n > 2)
                cases.add(new Differentiable(
                        "adapt", "two adapters, one twice", List.of(out, x, a, b, otherA, otherB), SUM, (ops, in) -> {
                            var parts = List.of(
                                    new LowRank(in.get(2), in.get(3), 0.5f).rows(0, 1),
                                    new LowRank(in.get(4), in.get(5), -1.3f).rows(1, n - 1),
                                    new LowRank(in.get(2), in.get(3), 0.5f).rows(n - 1, n));
                            return ops.adapt(ops.scale(in.get(0), 1), in.get(1), parts);
                        }));
        }
        cases.add(new Differentiable(
                "adapt",
                "no row, and none of the middle ones",
                List.of(Shape.of(6, 20), Shape.of(6, 9), Shape.of(2, 9), Shape.of(2, 20)),
                SUM,
                (ops, in) -> {
                    Tensor same = ops.adapt(ops.scale(in.get(0), 1), in.get(1), List.of());
                    var parts = List.of(
                            new LowRank(in.get(2), in.get(3), 2).rows(0, 2),
                            new LowRank(in.get(2), in.get(3), 1).rows(4, 6));
                    return ops.adapt(same, in.get(1), parts);
                }));
        for (DType type : DType.values())
            if (type != DType.I32) for (int n : new int[] {3, 20}) cases.add(typed(type, n));
        return cases;
    }

    /** Numbers of other types, and what is left in the memory between a and b. */
    private static Case typed(DType type, int n) {
        int c = type.quantized() ? 3 * type.block() : 37;
        int o = type.quantized() ? 1024 + type.block() : 1029;
        Shape hidden = Shape.of(n, 5), a = Shape.of(4, c), b = Shape.of(4, o);
        List<Shape> inputs = List.of(Shape.of(n, o), hidden, Shape.of(n, c), a, b);
        return new InPlace("lowRank", type + " numbers", inputs, SUM, (k, in) -> {
            try (Arena arena = Arena.ofShared()) {
                Tensor narrowA = Tensor.zeros(arena, type, a);
                Tensor narrowB = Tensor.zeros(arena, type, b);
                k.cast(narrowA, in.get(3));
                k.cast(narrowB, in.get(4));
                var part = new LowRank(narrowA, narrowB, 0.25f).rows(1, n);
                k.lowRank(in.get(0), in.get(1), in.get(2), List.of(part));
            }
        });
    }
}
