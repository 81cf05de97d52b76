package dev.prairie.tensor.conformance;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.conformance.Case.Differentiable;
import dev.prairie.tensor.conformance.Case.Effect;
import dev.prairie.tensor.conformance.Case.Forward;
import dev.prairie.tensor.conformance.Case.InPlace;
import dev.prairie.tensor.conformance.Case.Packed;
import dev.prairie.tensor.device.GradKernels.AdamW;
import dev.prairie.tensor.device.GradKernels.Parameter;
import dev.prairie.tensor.device.Gradient;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The table. One list of cases says what right means for every device: small and large, odd sizes included, packed and
 * paged. To add an operation, add its rows here.
 */
final class Cases {
    /** For sums in F32 against sums in double. */
    private static final double SUM = 2e-5;

    private static final double POINT = 2e-6;

    private final List<Case> cases = new ArrayList<>();

    static List<Case> all() {
        var table = new Cases();
        table.lookups();
        table.norms();
        table.products();
        table.packedWeights();
        table.attention();
        table.cases.addAll(LowRankCases.all());
        table.pointwise();
        table.experts();
        table.loss();
        table.optimizer();
        return List.copyOf(table.cases);
    }

    private void lookups() {
        op("embedding", "repeated ids", POINT, (o, in) -> o.embedding(in.get(0), ids(9, 5)), s(5, 7));
        op("embedding", "wide", POINT, (o, in) -> o.embedding(in.get(0), ids(300, 50)), s(50, 130));
        op("embedding", "no tokens", POINT, (o, in) -> o.embedding(in.get(0), ids(0, 5)), s(5, 7));
        for (DType type : DType.values()) {
            if (type == DType.I32) continue;
            int width = type.quantized() ? 3 * type.block() : 37;
            inPlace(
                    "embedding",
                    type + " table",
                    0,
                    (k, in) -> {
                        try (Arena arena = Arena.ofShared()) {
                            Tensor table = Tensor.zeros(arena, type, s(9, width));
                            k.cast(table, in.get(0));
                            k.embedding(in.get(1), table, ids(14, 9));
                        }
                    },
                    s(9, width),
                    s(14, width));
        }
        op("gather", "repeated rows", POINT, (o, in) -> o.gather(in.get(0), ids(6, 4)), s(4, 19));
    }

    private void norms() {
        for (int width : new int[] {1, 3, 16, 63, 64, 129, 384}) {
            op("rmsNorm", "", SUM, (o, in) -> o.rmsNorm(in.get(0), in.get(1), 1e-5f), s(5, width), s(width));
            op(
                    "layerNorm",
                    "",
                    width == 1 ? 1 : 1e-4,
                    (o, in) -> o.layerNorm(in.get(0), in.get(1), in.get(2), 1e-5f),
                    s(5, width),
                    s(width),
                    s(width));
        }
        op("rmsNorm", "many rows", SUM, (o, in) -> o.rmsNorm(in.get(0), in.get(1), 1e-6f), s(257, 48), s(48));
        op(
                "layerNorm",
                "many rows",
                1e-4,
                (o, in) -> o.layerNorm(in.get(0), in.get(1), in.get(2), 1e-5f),
                s(257, 48),
                s(48),
                s(48));
        op("rmsNorm", "heads", SUM, (o, in) -> o.rmsNorm(in.get(0), in.get(1), 1e-6f), s(6, 3, 20), s(20));
    }

    private void products() {
        int[][] sizes = {
            {1, 1, 1},
            {1, 7, 3},
            {2, 64, 16},
            {3, 65, 17},
            {4, 100, 33},
            {5, 7, 3},
            {7, 16, 129},
            {13, 33, 31},
            {16, 64, 64},
            {17, 130, 70},
            {31, 96, 200},
            {64, 64, 192},
            {97, 129, 65},
            {130, 257, 140}
        };
        for (int[] z : sizes) {
            op("matmul", "", SUM, (o, in) -> o.matmul(in.get(0), in.get(1), null), s(z[0], z[1]), s(z[2], z[1]));
            op(
                    "matmul",
                    "bias",
                    SUM,
                    (o, in) -> o.matmul(in.get(0), in.get(1), in.get(2)),
                    s(z[0], z[1]),
                    s(z[2], z[1]),
                    s(z[2]));
            op(
                    "matmul",
                    "residual",
                    SUM,
                    (o, in) -> o.matmul(in.get(0), in.get(1), null, in.get(2)),
                    s(z[0], z[1]),
                    s(z[2], z[1]),
                    s(z[0], z[2]));
            op(
                    "matmul",
                    "bias and residual",
                    SUM,
                    (o, in) -> o.matmul(in.get(0), in.get(1), in.get(2), o.scale(in.get(3), 2)),
                    s(z[0], z[1]),
                    s(z[2], z[1]),
                    s(z[2]),
                    s(z[0], z[2]));
        }
        op(
                "matmul",
                "residual of itself",
                SUM,
                (o, in) -> o.block(
                        o.gelu(in.get(0)), (inner, x) -> inner.matmul(inner.gelu(x), in.get(1), null, inner.gelu(x))),
                s(19, 21),
                s(21, 21));
        op("matmul", "all one", SUM, (o, in) -> o.matmul(in.get(0), in.get(0), null, in.get(0)), s(18, 18));
        op("matmul", "no rows", SUM, (o, in) -> o.matmul(in.get(0), in.get(1), null), s(0, 8), s(5, 8));
        op("matmul", "three dimensions", SUM, (o, in) -> o.matmul(in.get(0), in.get(1), null), s(2, 3, 8), s(5, 8));
    }

    /** Whole blocks and groups of activations, and parts of them; outputs that fill no panel; one row and many. */
    private void packedWeights() {
        for (DType type : DType.values()) {
            if (!type.quantized()) continue;
            int b = type.block();
            int many = b == 32 ? 77 : 19;
            int[][] sizes = {
                {1, b, 1},
                {1, 3 * b, 33},
                {2, 2 * b, 65},
                {3, 5 * b, 16},
                {4, b, 3},
                {5, b, 100},
                {7, 4 * b, 31},
                {17, 2 * b, 40},
                {many, b, 96},
                {many, 3 * b, 70}
            };
            for (int[] z : sizes) {
                if (z[0] == 1 || z[0] == 7) weights(type, "", s(z[0], z[1]), s(z[2], z[1])); // few rows, and many
                weights(type, "bias and residual", s(z[0], z[1]), s(z[2], z[1]), s(z[2]), s(z[0], z[2]));
            }
            weights(type, "no rows", s(0, b), s(5, b));
            weights(type, "three dimensions", s(2, 3, b), s(5, b));
        }
        for (DType type : List.of(DType.BF16, DType.F16, DType.F32)) floating(type);
        weights(DType.Q8_0, "wide", s(6, 1120), s(40, 1120));
        weights(DType.Q4_0, "wide", s(13, 2336), s(40, 2336));
        weights(DType.Q4_K, "wide", s(6, 2304), s(40, 2304));
        weights(DType.Q6_K, "wide", s(6, 2304), s(40, 2304));
        weights(DType.Q5_K, "wide", s(6, 2304), s(40, 2304));
    }

    /** Sizes around those of panels and squares, odd ones; few rows, and many. */
    private void floating(DType type) {
        int[][] sizes = {
            {1, 1, 1},
            {1, 64, 48},
            {1, 35, 33},
            {2, 16, 65},
            {3, 130, 16},
            {4, 32, 3},
            {5, 33, 100},
            {7, 128, 31},
            {16, 64, 32},
            {17, 65, 40},
            {33, 32, 96},
            {77, 97, 70},
            {130, 64, 40}
        };
        for (int[] z : sizes) {
            if (z[0] == 1 || z[0] == 33) weights(type, "", s(z[0], z[1]), s(z[2], z[1]));
            if (z[0] < 5) weights(type, "bias", s(z[0], z[1]), s(z[2], z[1]), s(z[2]));
            weights(type, "bias and residual", s(z[0], z[1]), s(z[2], z[1]), s(z[2]), s(z[0], z[2]));
        }
        weights(type, "no rows", s(0, 20), s(5, 20));
        weights(type, "three dimensions", s(2, 3, 40), s(5, 40));
        weights(type, "wide", s(3, 2200), s(40, 2200));
        if (type == DType.BF16) weights(type, "wide", s(20, 2200), s(300, 2200));
    }

    private void weights(DType type, String note, Shape... inputs) {
        String title = (type + " " + note).strip();
        cases.add(new Packed("matmul", title, List.of(inputs), 1e-4, type));
    }

    private void attention() {
        op(
                "rope",
                "",
                SUM,
                (o, in) -> o.rope(in.get(0), new int[] {0, 1, 2, 3, 100, 1000, 0}, Rotary.of(6, 10000)),
                s(7, 3, 6));
        op("rope", "wide", SUM, (o, in) -> o.rope(in.get(0), positions(5, 20), Rotary.of(64, 500000)), s(20, 2, 64));
        op(
                "rope",
                "part of a head",
                SUM,
                (o, in) -> o.rope(in.get(0), positions(5, 20), new Rotary(new double[] {1, 0.3, 0.01}, 1.25f)),
                s(20, 3, 11));
        packed("one sequence", new int[] {0, 6}, 2, 2, 8);
        packed("one token", new int[] {0, 1}, 2, 1, 4);
        packed("documents", new int[] {0, 1, 6, 6, 13}, 4, 2, 5);
        packed("one key head", new int[] {0, 17, 40}, 6, 1, 16);
        packed("long", new int[] {0, 150, 163}, 3, 3, 33);
        packed("tiles", new int[] {0, 130, 260}, 2, 1, 64);
        scored("window", new int[] {0, 40, 43, 60}, 4, 2, 16, new Scoring(0.25f, true, 7, 0));
        scored("wide window", new int[] {0, 300}, 2, 1, 32, new Scoring(0.2f, true, 130, 0));
        scored("cap", new int[] {0, 40, 41}, 3, 1, 20, new Scoring(0.7f, true, 0, 1.5f));
        scored("window and cap", new int[] {0, 33}, 2, 2, 8, new Scoring(0.5f, true, 5, 2));
        scored("both ways", new int[] {0, 25, 26, 40}, 4, 4, 12, new Scoring(0.3f, false, 0, 0));
        kept(DType.F16, "odd width", 27, 2, Scoring.causal(0.2f));
        kept(DType.F16, "odd width, many queries", 27, 9, Scoring.causal(0.2f));
        for (DType type : new DType[] {DType.F32, DType.F16, DType.Q8_0}) {
            kept(type, "", 32, 1, Scoring.causal(0.2f));
            kept(type, "several queries", 64, 3, Scoring.causal(0.2f));
            kept(type, "many queries", 96, 30, Scoring.causal(0.2f));
            kept(type, "window and cap", 32, 2, new Scoring(0.2f, true, 9, 3));
        }
        int[] one = positions(0, 20);
        op(
                "attention",
                "all one",
                5e-5,
                (o, in) -> {
                    var tokens = new Tokens(new int[20], one, new int[] {0, 20});
                    return o.attention(
                            in.get(0), KeyValues.packed(in.get(0), in.get(0), tokens), tokens, Scoring.causal(0.25f));
                },
                s(20, 2, 16));
        // Decoding: queries stand at the end of what the cache holds, in blocks that lie scattered.
        op(
                "attention",
                "paged",
                SUM,
                (o, in) -> {
                    var kv = new KeyValues(in.get(1), in.get(2), new int[][] {{4, 1, 3}, {0, 2}}, 4);
                    var tokens = new Tokens(new int[4], new int[] {9, 5, 6, 7}, new int[] {0, 1, 4});
                    return o.attention(in.get(0), kv, tokens, Scoring.causal(0.3f));
                },
                s(4, 4, 8),
                s(20, 2, 8),
                s(20, 2, 8));
    }

    private void packed(String note, int[] starts, int heads, int keyHeads, int width) {
        scored(note, starts, heads, keyHeads, width, Scoring.causal((float) (1 / Math.sqrt(width))));
    }

    private void scored(String note, int[] starts, int heads, int keyHeads, int width, Scoring scoring) {
        int n = starts[starts.length - 1];
        var tokens = new Tokens(new int[n], positions(starts), starts);
        op(
                "attention",
                note,
                5e-5,
                (o, in) -> o.attention(in.get(0), KeyValues.packed(in.get(1), in.get(2), tokens), tokens, scoring),
                s(n, heads, width),
                s(n, keyHeads, width),
                s(n, keyHeads, width));
    }

    /** Decoding: a first part is stored in a cache of {@code type}, then the queries that follow it are, and attend. */
    private void kept(DType type, String note, int width, int queries, Scoring scoring) {
        int first = 40, heads = 4, keyHeads = 2;
        cases.add(new InPlace(
                "attention",
                ("kept as " + type + " " + note).strip(),
                List.of(
                        s(queries, heads, width),
                        s(queries, heads),
                        s(queries, heads, width),
                        s(first + queries, keyHeads, width),
                        s(first + queries, keyHeads, width)),
                5e-5,
                (kernels, in) -> {
                    Shape rows = s(24 * 4, keyHeads, width);
                    Arena arena = Arena.ofAuto();
                    int[][] table = table(first + queries);
                    var kv = new KeyValues(Tensor.zeros(arena, type, rows), Tensor.zeros(arena, type, rows), table, 4);
                    Tensor k = in.get(3), v = in.get(4);
                    int all = first + queries;
                    kernels.store(kv, k.slice(0, first), v.slice(0, first), Tokens.sequence(0, new int[first]));
                    var next = Tokens.sequence(first, new int[queries]);
                    kernels.store(kv, k.slice(first, all), v.slice(first, all), next);
                    kernels.attention(in.get(0), in.get(1), in.get(2), kv, next, scoring);
                }));
    }

    /** Blocks of four positions, scattered over 24. */
    private static int[][] table(int length) {
        int[] blocks = new int[Math.ceilDiv(length, 4)];
        for (int i = 0; i < blocks.length; i++) blocks[i] = (7 * i + 3) % 24;
        return new int[][] {blocks};
    }

    private static int[] positions(int[] starts) {
        int[] positions = new int[starts[starts.length - 1]];
        for (int b = 0; b + 1 < starts.length; b++)
            for (int i = starts[b]; i < starts[b + 1]; i++) positions[i] = i - starts[b];
        return positions;
    }

    private void pointwise() {
        for (int n : new int[] {1, 15, 64, 1003}) {
            op("gelu", "", 5e-6, (o, in) -> o.gelu(in.get(0)), s(n));
            op("gelu", "far out", 2e-5, (o, in) -> o.gelu(o.scale(in.get(0), 30)), s(n));
            op("swiGlu", "", 5e-6, (o, in) -> o.swiGlu(in.get(0), in.get(1)), s(n), s(n));
            op("swiGlu", "far out", 2e-4, (o, in) -> o.swiGlu(o.scale(in.get(0), 90), in.get(1)), s(n), s(n));
            op("geluExact", "", 5e-6, (o, in) -> o.geluExact(in.get(0)), s(n));
            op("geluExact", "far out", 2e-5, (o, in) -> o.geluExact(o.scale(in.get(0), 30)), s(n));
            op("softCap", "", 1e-5, (o, in) -> o.softCap(in.get(0), 3), s(n));
            op("softCap", "far out", 2e-5, (o, in) -> o.softCap(o.scale(in.get(0), 90), 5), s(n));
            op("multiply", "", POINT, (o, in) -> o.multiply(in.get(0), in.get(1)), s(n), s(n));
            op("multiply", "by itself", POINT, (o, in) -> o.multiply(in.get(0), in.get(0)), s(n));
            op("add", "", POINT, (o, in) -> o.add(in.get(0), in.get(1)), s(n), s(n));
            op("add", "to itself", POINT, (o, in) -> o.add(in.get(0), in.get(0)), s(n));
            op(
                    "add",
                    "of one",
                    POINT,
                    (o, in) -> o.add(o.scale(in.get(0), 3), o.add(in.get(0), in.get(1))),
                    s(n),
                    s(n));
            op("swiGlu", "of one", 5e-6, (o, in) -> o.swiGlu(in.get(0), in.get(0)), s(n));
            op("scale", "", POINT, (o, in) -> o.scale(in.get(0), -1.5f), s(n));
        }
        op("cast", "through BF16", POINT, (o, in) -> o.cast(o.cast(in.get(0), DType.BF16), DType.F32), s(77));
        op("cast", "through F16", POINT, (o, in) -> o.cast(o.cast(in.get(0), DType.F16), DType.F32), s(77));
        for (DType type : DType.values()) if (type.quantized()) blocks(type);
        op("view", "", POINT, (o, in) -> o.gelu(o.view(o.scale(in.get(0), 2), s(6, 2))), s(3, 4));
        op(
                "block",
                "used twice",
                POINT,
                (o, in) -> o.add(
                        in.get(0), o.block(in.get(0), (inner, x) -> inner.swiGlu(inner.gelu(x), inner.scale(x, 2)))),
                s(33));
    }

    /** Every device makes the same blocks, and the same numbers of them. */
    private void blocks(DType type) {
        for (int rows : new int[] {1, 5, 70})
            inPlace(
                    "cast",
                    "through " + type,
                    0,
                    (k, in) -> {
                        try (Arena arena = Arena.ofShared()) {
                            Tensor blocks = Tensor.zeros(arena, type, in.get(0).shape());
                            k.cast(blocks, in.get(0));
                            k.cast(in.get(0), blocks);
                        }
                    },
                    s(rows, 3 * type.block()));
    }

    /** Tokens to experts and back: some of them to none, one expert for all, wide and narrow rows. */
    private void experts() {
        for (Routing routing : Routing.values())
            for (int[] z : new int[][] {{1, 1, 1, 3}, {7, 4, 2, 20}, {33, 8, 3, 65}, {40, 3, 3, 16}, {0, 4, 2, 5}}) {
                String note = routing.name().toLowerCase(Locale.ROOT);
                op(
                        "route",
                        note,
                        SUM,
                        (o, in) -> o.route(apart(o, in.get(0)), z[2], routing).weights(),
                        s(z[0], z[1]));
                op(
                        "mix",
                        note,
                        SUM,
                        (o, in) -> mixed(o, in.get(0), in.get(1), in.get(2), z[2], routing),
                        s(z[0], z[3]),
                        s(z[0], z[3]),
                        s(z[0], z[1]));
                op(
                        "mix",
                        note + " without residual",
                        SUM,
                        (o, in) -> mixed(o, in.get(0), null, in.get(1), z[2], routing),
                        s(z[0], z[3]),
                        s(z[0], z[1]));
            }
        op("mix", "of itself", SUM, (o, in) -> mixed(o, in.get(0), in.get(0), in.get(0), 2, Routing.CHOSEN), s(9, 5));
    }

    /** Each expert is a multiple of x of its own. */
    private static Tensor mixed(
            Ops o, Tensor x, @Nullable Tensor residual, Tensor logits, int active, Routing routing) {
        Ops.Routes routes = o.route(apart(o, logits), active, routing);
        var parts = new ArrayList<Tensor>();
        var slots = new ArrayList<int[]>();
        for (int e = 0; e < logits.shape().last(); e++) {
            int expert = e;
            int[] to = IntStream.range(0, routes.chosen().length)
                    .filter(s -> routes.chosen()[s] == expert)
                    .toArray();
            int[] rows = IntStream.of(to).map(s -> s / active).toArray();
            parts.add(o.scale(o.gather(x, rows), e + 0.5f));
            slots.add(to);
        }
        return o.mix(parts, routes.weights(), slots, residual);
    }

    /** Scores so far apart that a difference quotient does not change who is chosen. */
    private static Tensor apart(Ops o, Tensor logits) {
        Tensor places = o.slab().allocate(DType.F32, logits.shape());
        int experts = logits.shape().last();
        for (int i = 0; i < places.shape().size(); i++)
            places.set(i, 0.8f * ((i % experts + i / experts * 3) % experts));
        return o.add(o.scale(logits, 0.1f), places);
    }

    private void loss() {
        op("crossEntropy", "", SUM, (o, in) -> o.crossEntropy(in.get(0), ids(5, 7)), s(5, 7));
        op("crossEntropy", "ignored", SUM, (o, in) -> o.crossEntropy(in.get(0), new int[] {2, -1, 0, -1}), s(4, 65));
        for (int ignored : new int[] {0, 3}) // logits of a product: the gradient may take their place
        op(
                    "crossEntropy",
                    "of a product",
                    SUM,
                    (o, in) -> {
                        int[] targets = ids(20, 35);
                        if (ignored > 0) targets[ignored] = -1;
                        return o.crossEntropy(o.matmul(in.get(0), in.get(1), null), targets);
                    },
                    s(20, 11),
                    s(35, 11));
        op(
                "crossEntropy",
                "logits used twice",
                SUM,
                (o, in) -> {
                    var logits = o.matmul(in.get(0), in.get(1), null);
                    return o.add(o.crossEntropy(logits, ids(6, 17)), o.crossEntropy(o.gelu(logits), ids(6, 16)));
                },
                s(6, 11),
                s(17, 11));
        op("crossEntropy", "wide", SUM, (o, in) -> o.crossEntropy(in.get(0), ids(40, 1030)), s(40, 1030));
        op("crossEntropy", "sure", 1e-4, (o, in) -> o.crossEntropy(o.scale(in.get(0), 60), ids(9, 33)), s(9, 33));
    }

    private void optimizer() {
        for (int n : new int[] {1, 17, 64, 4099}) {
            var step = new AdamW(1e-3f, 0.9f, 0.95f, 1e-8f, 3, 0.5f);
            inPlace(
                    "adamW",
                    "",
                    1e-5,
                    (k, in) -> {
                        k.scale(in.get(3), in.get(3), 0.01f);
                        k.accumulate(new Gradient(in.get(3), true), in.get(4), 1); // second moments are not negative
                        k.adamW(List.of(new Parameter(in.get(0), in.get(1), in.get(2), in.get(3), 0.1f)), step);
                    },
                    s(n),
                    s(n),
                    s(n),
                    s(n),
                    s(n));
            inPlace(
                    "adamW",
                    "several",
                    1e-5,
                    (k, in) -> {
                        for (int i : new int[] {3, 7}) k.scale(in.get(i), in.get(i), 0); // second moments
                        k.adamW(List.of(), step);
                        var both = List.of(
                                new Parameter(in.get(0), in.get(1), in.get(2), in.get(3), 0),
                                new Parameter(in.get(4), in.get(5), in.get(6), in.get(7), 0.3f));
                        k.adamW(both, step);
                    },
                    s(n),
                    s(n),
                    s(n),
                    s(n),
                    s(2, n),
                    s(2, n),
                    s(2, n),
                    s(2, n));
            for (boolean add : new boolean[] {true, false})
                inPlace(
                        "accumulate",
                        add ? "on top" : "over",
                        POINT,
                        (k, in) -> k.accumulate(new Gradient(in.get(0), add), in.get(1), -0.7f),
                        s(n),
                        s(n));
            inPlace("squaredNorm", "", 1e-6, (k, in) -> in.get(0).set(0, (float) k.squaredNorm(in.get(0))), s(n));
        }
        inPlace(
                "biasBackward",
                "",
                SUM,
                (k, in) -> k.biasBackward(new Gradient(in.get(0), true), in.get(1)),
                s(35),
                s(77, 35));
    }

    private void op(String op, String note, double tolerance, Forward forward, Shape... inputs) {
        cases.add(new Differentiable(op, note, List.of(inputs), tolerance, forward));
    }

    private void inPlace(String op, String note, double tolerance, Effect effect, Shape... inputs) {
        cases.add(new InPlace(op, note, List.of(inputs), tolerance, effect));
    }

    private static Shape s(int... dims) {
        return Shape.of(dims);
    }

    private static int[] ids(int n, int below) {
        return new Random(n * 31L + below).ints(n, 0, below).toArray();
    }

    private static int[] positions(int first, int n) {
        int[] p = new int[n];
        for (int i = 0; i < n; i++) p[i] = first + i;
        return p;
    }
}
