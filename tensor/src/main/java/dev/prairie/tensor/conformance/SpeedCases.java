package dev.prairie.tensor.conformance;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.conformance.SpeedCase.Timed;
import dev.prairie.tensor.device.GradKernels.AdamW;
import dev.prairie.tensor.device.GradKernels.Parameter;
import dev.prairie.tensor.device.Gradient;
import dev.prairie.tensor.device.PackedWeights;
import dev.prairie.tensor.device.Peak;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * The rows of the table that are timed: what a step of GPT-2 on 4 x 256 tokens calls (768 wide, 12 heads, vocabulary
 * 50257), squares, a smaller model, and odd sizes. Divided by a number, the same rows are small enough to be checked.
 */
final class SpeedCases {
    private static final double SUM = 1e-4;
    private static final double POINT = 2e-5;
    private static final int TOKENS = 1024, WIDTH = 768, VOCABULARY = 50257, HEADS = 12, HEAD = 64;
    private static final long GIGABYTE = 1 << 30;

    private final int divisor;
    private final List<SpeedCase> cases = new ArrayList<>();

    private SpeedCases(int divisor) {
        this.divisor = divisor;
    }

    static List<SpeedCase> all(int divisor) {
        if (divisor < 1) throw new IllegalArgumentException("speed: divisor " + divisor + " must be at least 1");
        var table = new SpeedCases(divisor);
        for (DType precision : List.of(DType.F32, DType.BF16)) {
            table.products(precision);
            table.attention(precision);
        }
        table.lowRank();
        table.packed();
        table.rows();
        table.pointwise();
        table.loss();
        table.optimizer();
        return List.copyOf(table.cases);
    }

    private void products(DType type) {
        int[][] sizes = {
            {1024, 1024, 1024},
            {2048, 2048, 2048},
            {TOKENS, WIDTH, 4 * WIDTH},
            {TOKENS, 4 * WIDTH, WIDTH},
            {TOKENS, WIDTH, WIDTH},
            {1024, 384, 384},
            {257, 129, 65}
        };
        for (int[] z : sizes) {
            int n = d(z[0]), c = d(z[1]), o = d(z[2]);
            Timed timed = (k, in, _) -> () -> k.matmul(in.get(0), in.get(1), in.get(2), null, null);
            product("matmul", type, n, c, o, timed, Shape.of(n, o), Shape.of(n, c), Shape.of(o, c));
        }
        int n = d(TOKENS), c = d(WIDTH), o = d(4 * WIDTH);
        Timed input = (k, in, _) -> () -> k.matmulBackwardInput(over(in, 0), in.get(1), in.get(2));
        product("matmulBackwardInput", type, n, c, o, input, Shape.of(n, c), Shape.of(n, o), Shape.of(o, c));
        Timed weight = (k, in, _) -> () -> k.matmulBackwardWeight(over(in, 0), in.get(1), in.get(2));
        product("matmulBackwardWeight", type, n, c, o, weight, Shape.of(o, c), Shape.of(n, o), Shape.of(n, c));
        int v = d(VOCABULARY);
        Timed row = (k, in, _) -> () -> k.matmul(in.get(0), in.get(1), in.get(2), null, null);
        if (type == DType.F32)
            bytes("matmul", shape(1, c, v), 4.0 * v * c, row, Shape.of(1, v), Shape.of(1, c), Shape.of(v, c));
    }

    private void product(String op, DType type, int n, int c, int o, Timed timed, Shape... inputs) {
        String shape = shape(n, c, o);
        cases.add(new SpeedCase(op, type, shape, List.of(inputs), SUM, Peak.of(type), 2.0 * n * c * o, timed));
    }

    /** An adapter of rank 16 on a prompt. */
    private void lowRank() {
        int n = d(512), c = d(2048), o = d(2048), rank = d(16);
        Timed timed = (k, in, _) -> {
            var part = List.of(new LowRank(in.get(3), in.get(4), 2).rows(0, n));
            return () -> k.lowRank(in.get(0), in.get(1), in.get(2), part);
        };
        List<Shape> inputs =
                List.of(Shape.of(n, o), Shape.of(n, rank), Shape.of(n, c), Shape.of(rank, c), Shape.of(rank, o));
        double work = 2.0 * n * rank * (c + o);
        cases.add(new SpeedCase("lowRank", DType.F32, shape(n, c, o), inputs, SUM, Peak.F32, work, timed));
    }

    /** Weights that are packed: many rows, which arithmetic limits; and one row with {@value #GIGABYTE} bytes of weights to read. */
    private void packed() {
        int n = d(512), square = d(4096);
        for (DType type : List.of(DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K)) {
            int c = blocks(type, square);
            packed(type, n, c, square, Peak.INT8, 2.0 * n * c * square);
        }
        for (DType type : List.of(DType.BF16, DType.F16)) {
            Peak peak = type == DType.BF16 ? Peak.BF16 : Peak.F32;
            packed(type, n, square, square, peak, 2.0 * n * square * square);
            packed(type, n, d(2048), d(8192), peak, 2.0 * n * d(2048) * d(8192));
        }
        for (DType type : List.of(DType.Q8_0, DType.Q4_0, DType.BF16, DType.F16)) {
            int c = blocks(type, square);
            int o = (int) (GIGABYTE / divisor / divisor / divisor / type.bytes(c));
            packed(type, 1, c, o, Peak.READ, type.bytes(c) * (double) o);
        }
    }

    private static int blocks(DType type, int width) {
        return Math.ceilDiv(width, type.block()) * type.block();
    }

    private void packed(DType type, int n, int c, int o, Peak peak, double work) {
        Timed timed = (k, in, arena) -> {
            PackedWeights w = k.pack(in.get(2), arena);
            return () -> k.matmul(in.get(0), in.get(1), w, null, null);
        };
        List<Shape> inputs = List.of(Shape.of(n, o), Shape.of(n, c), Shape.of(o, c));
        cases.add(new SpeedCase("matmul", type, true, shape(n, c, o), inputs, SUM, peak, work, timed));
    }

    private void attention(DType type) {
        attention(type, 4, d(256), 6, HEAD);
        attention(type, 4, d(256), HEADS, HEAD);
        attention(type, 3, d(173), 5, 40);
    }

    /** T(T+1)/2 pairs for each of {@code sequences} and heads; a product takes 2 D operations of a pair. */
    private void attention(DType type, int sequences, int length, int heads, int width) {
        Tokens tokens = Tokens.rows(sequences, new int[sequences * length]);
        double pairs = length * (length + 1) / 2.0 * sequences * heads;
        var scoring = Scoring.causal((float) (1 / Math.sqrt(width)));
        String shape = sequences + "x" + length + " H" + heads + " D" + width;
        double tolerance = type == DType.BF16 ? 0x1p-6 : SUM;
        Shape x = Shape.of(sequences * length, heads, width), lse = Shape.of(sequences * length, heads);
        Timed forward = (k, in, _) -> {
            KeyValues kv = KeyValues.packed(in.get(3), in.get(4), tokens);
            return () -> k.attention(in.get(0), in.get(1), in.get(2), kv, tokens, scoring);
        };
        cases.add(new SpeedCase(
                "attention",
                type,
                shape,
                List.of(x, lse, x, x, x),
                tolerance,
                Peak.of(type),
                4 * width * pairs,
                forward));
        Timed backward = (k, in, arena) -> {
            forward.prepare(k, in, arena).run();
            KeyValues kv = KeyValues.packed(in.get(3), in.get(4), tokens);
            return () -> k.attentionBackward(
                    over(in, 5),
                    over(in, 6),
                    over(in, 7),
                    in.get(8),
                    in.get(0),
                    in.get(1),
                    in.get(2),
                    kv,
                    tokens,
                    scoring);
        };
        cases.add(new SpeedCase(
                "attentionBackward",
                type,
                shape,
                List.of(x, lse, x, x, x, x, x, x, x),
                tolerance,
                Peak.of(type),
                10 * width * pairs,
                backward));
    }

    private void rows() {
        norms(d(TOKENS), d(WIDTH));
        norms(d(257), d(129));
        int n = d(TOKENS), c = d(WIDTH), v = d(VOCABULARY);
        double all = 4.0 * n * c;
        Shape x = Shape.of(n, c), table = Shape.of(v, c), heads = Shape.of(n, HEADS, HEAD);
        int[] ids = new Random(1).ints(n, 0, v).toArray();
        bytes("embedding", shape(n, c), 2 * all, (k, in, _) -> () -> k.embedding(in.get(0), in.get(1), ids), x, table);
        bytes(
                "embeddingBackward",
                shape(n, c),
                3 * all,
                (k, in, _) -> () -> k.embeddingBackward(onTop(in, 0), in.get(1), ids),
                table,
                x);
        int[] positions = Tokens.rows(1, new int[n]).positions();
        Rotary rotary = Rotary.of(HEAD, 10000);
        double turned = 8.0 * n * HEADS * HEAD;
        bytes(
                "rope",
                shape(n, HEADS, HEAD),
                turned,
                (k, in, _) -> () -> k.rope(in.get(0), in.get(1), positions, rotary),
                heads,
                heads);
        bytes(
                "ropeBackward",
                shape(n, HEADS, HEAD),
                turned,
                (k, in, _) -> () -> k.ropeBackward(over(in, 0), in.get(1), positions, rotary),
                heads,
                heads);
        int o = d(4 * WIDTH);
        bytes(
                "biasBackward",
                shape(n, o),
                4.0 * n * o,
                (k, in, _) -> () -> k.biasBackward(over(in, 0), in.get(1)),
                Shape.of(o),
                Shape.of(n, o));
    }

    private void norms(int n, int c) {
        double all = 4.0 * n * c;
        Shape x = Shape.of(n, c), w = Shape.of(c), row = Shape.of(n);
        Timed layer = (k, in, _) ->
                () -> k.layerNorm(in.get(0), in.get(1), in.get(2), in.get(3), in.get(4), in.get(5), 1e-5f);
        bytes("layerNorm", shape(n, c), 2 * all, layer, x, row, row, x, w, w);
        Timed layerBackward = (k, in, arena) -> {
            layer.prepare(k, in, arena).run();
            return () -> k.layerNormBackward(
                    over(in, 6), over(in, 7), over(in, 8), in.get(9), in.get(3), in.get(4), in.get(1), in.get(2));
        };
        bytes("layerNormBackward", shape(n, c), 3 * all, layerBackward, x, row, row, x, w, w, x, w, w, x);
        Timed rms = (k, in, _) -> () -> k.rmsNorm(in.get(0), in.get(1), in.get(2), in.get(3), 1e-5f);
        bytes("rmsNorm", shape(n, c), 2 * all, rms, x, row, x, w);
        Timed rmsBackward = (k, in, arena) -> {
            rms.prepare(k, in, arena).run();
            return () -> k.rmsNormBackward(over(in, 4), over(in, 5), in.get(6), in.get(2), in.get(3), in.get(1));
        };
        bytes("rmsNormBackward", shape(n, c), 3 * all, rmsBackward, x, row, x, w, x, w, x);
    }

    private void pointwise() {
        for (int n : new int[] {d(TOKENS) * d(4 * WIDTH), d(100_003)}) {
            Shape x = Shape.of(n);
            double all = 4.0 * n;
            bytes("gelu", shape(n), 2 * all, (k, in, _) -> () -> k.gelu(in.get(0), in.get(1)), x, x);
            bytes(
                    "geluBackward",
                    shape(n),
                    3 * all,
                    (k, in, _) -> () -> k.geluBackward(over(in, 0), in.get(1), in.get(2)),
                    x,
                    x,
                    x);
            bytes("swiGlu", shape(n), 3 * all, (k, in, _) -> () -> k.swiGlu(in.get(0), in.get(1), in.get(2)), x, x, x);
            bytes(
                    "swiGluBackward",
                    shape(n),
                    5 * all,
                    (k, in, _) -> () -> k.swiGluBackward(over(in, 0), over(in, 1), in.get(2), in.get(3), in.get(4)),
                    x,
                    x,
                    x,
                    x,
                    x);
            bytes("add", shape(n), 3 * all, (k, in, _) -> () -> k.add(in.get(0), in.get(1), in.get(2)), x, x, x);
            bytes(
                    "accumulate",
                    shape(n),
                    3 * all,
                    (k, in, _) -> () -> k.accumulate(onTop(in, 0), in.get(1), 0.5f),
                    x,
                    x);
        }
    }

    private void loss() {
        int n = d(TOKENS), v = d(VOCABULARY);
        double all = 4.0 * n * v;
        int[] targets = new Random(2).ints(n, 0, v).toArray();
        Timed forward = (k, in, _) -> () -> k.crossEntropy(in.get(0), in.get(1), in.get(2), targets);
        Shape row = Shape.of(n), logits = Shape.of(n, v);
        bytes("crossEntropy", shape(n, v), all, forward, row, row, logits);
        Timed backward = (k, in, arena) -> {
            forward.prepare(k, in, arena).run();
            return () -> k.crossEntropyBackward(over(in, 2), in.get(3), in.get(2), in.get(1), targets);
        };
        bytes("crossEntropyBackward", shape(n, v), 2 * all, backward, row, row, logits, row);
    }

    /** On a tensor as large as the embedding of tokens; a small one stays in the caches. */
    private void optimizer() {
        for (int n : new int[] {d(VOCABULARY) * d(WIDTH), d(3 * WIDTH * WIDTH)}) {
            Shape x = Shape.of(n);
            double all = 4.0 * n;
            var step = new AdamW(1e-3f, 0.9f, 0.95f, 1e-8f, 3, 0.5f);
            Timed adamW = (k, in, _) -> {
                in.get(3).zero(); // second moments are not negative
                var parameters = List.of(new Parameter(in.get(0), in.get(1), in.get(2), in.get(3), 0.1f));
                return () -> k.adamW(parameters, step);
            };
            bytes("adamW", shape(n), 7 * all, adamW, x, x, x, x);
            bytes(
                    "squaredNorm",
                    shape(n),
                    all,
                    (k, in, _) -> () -> in.get(1).set(0, (float) k.squaredNorm(in.get(0))),
                    x,
                    Shape.of(1));
        }
    }

    private void bytes(String op, String shape, double bytes, Timed timed, Shape... inputs) {
        boolean sums = !op.startsWith("gelu") && !op.startsWith("swiGlu") && !op.startsWith("add");
        cases.add(new SpeedCase(op, DType.F32, shape, List.of(inputs), sums ? SUM : POINT, Peak.READ, bytes, timed));
    }

    private static Gradient over(List<Tensor> in, int i) {
        return new Gradient(in.get(i), false);
    }

    private static Gradient onTop(List<Tensor> in, int i) {
        return new Gradient(in.get(i), true);
    }

    private static String shape(int... dims) {
        return Arrays.stream(dims).mapToObj(Integer::toString).collect(Collectors.joining("x"));
    }

    private int d(int size) {
        return Math.ceilDiv(size, divisor);
    }
}
