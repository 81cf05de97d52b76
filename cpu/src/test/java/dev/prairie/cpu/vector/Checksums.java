package dev.prairie.cpu.vector;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.GradKernels.AdamW;
import dev.prairie.tensor.device.GradKernels.Parameter;
import dev.prairie.tensor.device.Gradient;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;

/** Runs each kernel once, at sizes that are shared out, and writes down a checksum of what it wrote. */
public record Checksums(Arena arena, GradKernels k, Random random, List<String> sums) {
    /** Of {@code k}; tensors live as long as {@code arena}. */
    public Checksums(Arena arena, GradKernels k) {
        this(arena, k, new Random(7), new ArrayList<>());
    }

    private static Gradient onto(Tensor t) {
        return new Gradient(t, true);
    }

    private Tensor random(int... dims) {
        Tensor t = Tensor.zeros(arena, Shape.of(dims));
        for (long i = 0; i < t.shape().size(); i++) t.set(i, random.nextFloat() - 0.5f);
        return t;
    }

    private void sum(String name, Tensor... outputs) {
        var crc = new CRC32();
        for (Tensor t : outputs) crc.update(t.segment().asByteBuffer());
        sums.add(name + " " + crc.getValue());
    }

    /** One line for each kernel: its name, and a checksum. */
    public List<String> run() {
        products();
        rows();
        attention();
        elements();
        return sums;
    }

    private void products() {
        for (int n : new int[] {1, 5, 150}) {
            Tensor x = random(n, 133), w = random(201, 133), b = random(201), y = random(n, 201);
            Tensor dX = random(n, 133), dW = random(201, 133), dB = random(201);
            k.matmul(y, x, w, b, random(n, 201));
            k.matmulBackwardInput(onto(dX), y, w);
            k.matmulBackwardWeight(onto(dW), y, x);
            k.biasBackward(onto(dB), y);
            sum("matmul", y, dX, dW, dB);
        }
    }

    private void rows() {
        int n = 130, c = 197;
        int[] ids = random.ints(n, 0, 20).toArray();
        Tensor x = random(n, c), w = random(c), b = random(c), y = random(n, c), d = random(n, c);
        Tensor mean = random(n), rstd = random(n), dX = random(n, c), dW = random(c), dB = random(c);
        k.layerNorm(y, mean, rstd, x, w, b, 1e-5f);
        k.layerNormBackward(onto(dX), onto(dW), onto(dB), d, x, w, mean, rstd);
        sum("layerNorm", y, mean, rstd, dX, dW, dB);
        k.rmsNorm(y, rstd, x, w, 1e-5f);
        k.rmsNormBackward(onto(dX), onto(dW), d, x, w, rstd);
        sum("rmsNorm", y, rstd, dX, dW);
        Tensor table = random(20, c);
        k.embedding(y, table, ids);
        k.embeddingBackward(onto(table), d, ids);
        sum("embedding", y, table);
        k.gather(y, table, ids);
        k.gatherBackward(onto(table), d, ids);
        sum("gather", y, table);
        Tensor losses = random(n), lse = random(n), dLosses = random(n), dLogits = random(n, c);
        k.crossEntropy(losses, lse, x, ids);
        k.crossEntropyBackward(onto(dLogits), dLosses, x, lse, ids);
        sum("crossEntropy", losses, lse, dLogits);
    }

    private void attention() {
        int h = 4, g = 2, d = 24;
        int[] starts = {0, 3, 140, 200};
        int[] positions = new int[200];
        for (int b = 0; b < 3; b++) for (int i = starts[b]; i < starts[b + 1]; i++) positions[i] = i - starts[b];
        var tokens = new Tokens(new int[200], positions, starts);
        Tensor q = random(200, h, d), key = random(200, g, d), v = random(200, g, d), out = random(200, h, d);
        Tensor lse = random(200, h), dOut = random(200, h, d);
        Tensor dQ = random(200, h, d), dK = random(200, g, d), dV = random(200, g, d);
        KeyValues kv = KeyValues.packed(key, v, tokens);
        k.attention(out, lse, q, kv, tokens, Scoring.causal(0.2f));
        k.attentionBackward(onto(dQ), onto(dK), onto(dV), dOut, out, lse, q, kv, tokens, Scoring.causal(0.2f));
        sum("attention", out, lse, dQ, dK, dV);
        k.rope(out, q, positions, Rotary.of(d, 10000));
        k.ropeBackward(onto(dQ), dOut, positions, Rotary.of(d, 10000));
        sum("rope", out, dQ);
    }

    private void elements() {
        int n = 100_003;
        Tensor a = random(n), b = random(n), c = random(n), d = random(n), e = random(n);
        k.gelu(c, a);
        k.geluBackward(onto(d), b, a);
        sum("gelu", c, d);
        k.swiGlu(c, a, b);
        k.swiGluBackward(onto(d), onto(e), c, a, b);
        sum("swiGlu", c, d, e);
        k.add(c, a, b);
        k.scale(d, a, 0.3f);
        k.accumulate(onto(e), a, 0.3f);
        sum("add, scale, accumulate", c, d, e);
        Tensor narrow = Tensor.zeros(arena, DType.BF16, Shape.of(n));
        k.cast(narrow, a);
        k.cast(b, narrow);
        sum("cast", narrow, b);
        sums.add("squaredNorm " + Double.doubleToLongBits(k.squaredNorm(a)));
        k.scale(d, d, 0f);
        Tensor f = Tensor.zeros(arena, Shape.of(n));
        k.adamW(
                List.of(new Parameter(a, b, c, d, 0.1f), new Parameter(e, b, random(n), f, 0)),
                new AdamW(1e-3f, 0.9f, 0.95f, 1e-8f, 2, 0.7f));
        sum("adamW", a, c, d, e, f);
    }
}
