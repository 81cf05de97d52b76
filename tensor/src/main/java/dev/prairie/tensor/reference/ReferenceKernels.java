package dev.prairie.tensor.reference;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.PackedWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The definition of every kernel: one readable loop each, backward beside forward, sums in double. Slow, obvious, and
 * what every other device is checked against. One thread; nothing here is meant to be fast.
 */
public final class ReferenceKernels implements GradKernels {
    private static final double GELU_SCALE = Math.sqrt(2 / Math.PI);
    private static final double GELU_CUBIC = 0.044715;

    // ---- embedding, gather ------------------------------------------------------------------------------------

    @Override
    public void embedding(Tensor out, Tensor table, int[] ids) {
        gather(out, table, ids);
    }

    @Override
    public void embeddingBackward(Tensor dTable, Tensor dOut, int[] ids) {
        gatherBackward(dTable, dOut, ids);
    }

    @Override
    public void gather(Tensor out, Tensor x, int[] rows) {
        int width = x.shape().last();
        for (int m = 0; m < rows.length; m++)
            for (int i = 0; i < width; i++) out.set((long) m * width + i, x.get((long) rows[m] * width + i));
    }

    @Override
    public void gatherBackward(Tensor dX, Tensor dOut, int[] rows) {
        int width = dX.shape().last();
        for (int m = 0; m < rows.length; m++)
            for (int i = 0; i < width; i++) plus(dX, (long) rows[m] * width + i, dOut.get((long) m * width + i));
    }

    // ---- norms ------------------------------------------------------------------------------------------------

    @Override
    public void rmsNorm(Tensor out, Tensor rstd, Tensor x, Tensor w, float eps) {
        int width = x.shape().last();
        for (int n = 0; n < x.shape().rows(); n++) {
            long row = (long) n * width;
            double squares = dot(x, row, x, row, width);
            double r = 1 / Math.sqrt(squares / width + eps);
            for (int i = 0; i < width; i++) out.set(row + i, (float) (x.get(row + i) * r * w.get(i)));
            rstd.set(n, (float) r);
        }
    }

    @Override
    public void rmsNormBackward(Tensor dX, Tensor dW, Tensor dOut, Tensor x, Tensor w, Tensor rstd) {
        int width = x.shape().last();
        for (int n = 0; n < x.shape().rows(); n++) {
            long row = (long) n * width;
            double r = rstd.get(n);
            double projection = 0;
            for (int i = 0; i < width; i++)
                projection += (double) dOut.get(row + i) * w.get(i) * x.get(row + i) * r / width;
            for (int i = 0; i < width; i++) {
                double normed = x.get(row + i) * r;
                plus(dW, i, dOut.get(row + i) * normed);
                plus(dX, row + i, r * ((double) dOut.get(row + i) * w.get(i) - normed * projection));
            }
        }
    }

    @Override
    public void layerNorm(Tensor out, Tensor mean, Tensor rstd, Tensor x, Tensor w, Tensor b, float eps) {
        int width = x.shape().last();
        for (int n = 0; n < x.shape().rows(); n++) {
            long row = (long) n * width;
            double sum = 0;
            for (int i = 0; i < width; i++) sum += x.get(row + i);
            double mu = sum / width;
            double squares = 0;
            for (int i = 0; i < width; i++) squares += (x.get(row + i) - mu) * (x.get(row + i) - mu);
            double r = 1 / Math.sqrt(squares / width + eps);
            for (int i = 0; i < width; i++) out.set(row + i, (float) ((x.get(row + i) - mu) * r * w.get(i) + b.get(i)));
            mean.set(n, (float) mu);
            rstd.set(n, (float) r);
        }
    }

    @Override
    public void layerNormBackward(
            Tensor dX, Tensor dW, Tensor dB, Tensor dOut, Tensor x, Tensor w, Tensor mean, Tensor rstd) {
        int width = x.shape().last();
        for (int n = 0; n < x.shape().rows(); n++) {
            long row = (long) n * width;
            double mu = mean.get(n);
            double r = rstd.get(n);
            double average = 0;
            double projection = 0;
            for (int i = 0; i < width; i++) {
                double g = (double) dOut.get(row + i) * w.get(i);
                average += g / width;
                projection += g * (x.get(row + i) - mu) * r / width;
            }
            for (int i = 0; i < width; i++) {
                double normed = (x.get(row + i) - mu) * r;
                plus(dW, i, dOut.get(row + i) * normed);
                plus(dB, i, dOut.get(row + i));
                plus(dX, row + i, r * ((double) dOut.get(row + i) * w.get(i) - average - normed * projection));
            }
        }
    }

    // ---- products ---------------------------------------------------------------------------------------------

    @Override
    public void matmul(Tensor out, Tensor x, Tensor w, @Nullable Tensor bias) {
        int rows = x.shape().rows();
        int width = x.shape().last();
        int outputs = w.shape().dim(0);
        for (int n = 0; n < rows; n++)
            for (int o = 0; o < outputs; o++) {
                double sum = dot(x, (long) n * width, w, (long) o * width, width);
                out.set((long) n * outputs + o, (float) (bias == null ? sum : sum + bias.get(o)));
            }
    }

    @Override
    public PackedWeights pack(Tensor w, Arena arena) {
        PackedWeights.check(w);
        Tensor numbers = Tensor.zeros(arena, w.shape());
        Quantization.decode(numbers, w);
        return new Decoded(w.type(), numbers);
    }

    /** Quantised weights as the numbers that they stand for: {@code numbers(O, C)}, F32. */
    private record Decoded(DType type, Tensor numbers) implements PackedWeights {
        @Override
        public Shape shape() {
            return numbers.shape();
        }

        @Override
        public long bytes() {
            return numbers.buffer().size();
        }
    }

    private static Tensor decoded(PackedWeights w) {
        if (w instanceof Decoded d) return d.numbers;
        throw PackedWeights.foreign(w, "reference");
    }

    @Override
    public void matmul(Tensor out, Tensor x, PackedWeights w, @Nullable Tensor bias) {
        Tensor numbers = decoded(w);
        int width = x.shape().last();
        int outputs = w.shape().dim(0);
        double[] row = new double[width];
        for (int n = 0; n < x.shape().rows(); n++) {
            Quantization.activations(row, x, (long) n * width);
            for (int o = 0; o < outputs; o++) {
                double sum = 0;
                for (int i = 0; i < width; i++) sum += row[i] * numbers.get((long) o * width + i);
                out.set((long) n * outputs + o, (float) (bias == null ? sum : sum + bias.get(o)));
            }
        }
    }

    @Override
    public void matmulBackwardInput(Tensor dX, Tensor dOut, PackedWeights w) {
        matmulBackwardInput(dX, dOut, decoded(w));
    }

    @Override
    public void matmulBackwardInput(Tensor dX, Tensor dOut, Tensor w) {
        int width = w.shape().last();
        int outputs = w.shape().dim(0);
        for (int n = 0; n < dX.shape().rows(); n++)
            for (int i = 0; i < width; i++) {
                double sum = 0;
                for (int o = 0; o < outputs; o++)
                    sum += (double) dOut.get((long) n * outputs + o) * w.get((long) o * width + i);
                plus(dX, (long) n * width + i, sum);
            }
    }

    @Override
    public void matmulBackwardWeight(Tensor dW, Tensor dOut, Tensor x) {
        int rows = x.shape().rows();
        int width = x.shape().last();
        int outputs = dW.shape().dim(0);
        for (int o = 0; o < outputs; o++)
            for (int i = 0; i < width; i++) {
                double sum = 0;
                for (int n = 0; n < rows; n++)
                    sum += (double) dOut.get((long) n * outputs + o) * x.get((long) n * width + i);
                plus(dW, (long) o * width + i, sum);
            }
    }

    @Override
    public void biasBackward(Tensor dBias, Tensor dOut) {
        int outputs = dOut.shape().last();
        for (int o = 0; o < outputs; o++) {
            double sum = 0;
            for (int n = 0; n < dOut.shape().rows(); n++) sum += dOut.get((long) n * outputs + o);
            plus(dBias, o, sum);
        }
    }

    // ---- positions and attention ------------------------------------------------------------------------------

    @Override
    public void rope(Tensor out, Tensor x, int[] positions, float theta) {
        out.zero();
        turn(out, x, positions, theta, +1);
    }

    @Override
    public void ropeBackward(Tensor dX, Tensor dOut, int[] positions, float theta) {
        turn(dX, dOut, positions, theta, -1);
    }

    private static void turn(Tensor out, Tensor x, int[] positions, double theta, int sign) {
        int heads = x.shape().dim(1);
        int width = x.shape().dim(2);
        int half = width / 2;
        for (int n = 0; n < positions.length; n++)
            for (int i = 0; i < half; i++) {
                double angle = sign * positions[n] * Math.pow(theta, -2.0 * i / width);
                double c = Math.cos(angle);
                double s = Math.sin(angle);
                for (int h = 0; h < heads; h++) {
                    long a = ((long) n * heads + h) * width + i;
                    plus(out, a, x.get(a) * c - x.get(a + half) * s);
                    plus(out, a + half, x.get(a) * s + x.get(a + half) * c);
                }
            }
    }

    @Override
    public void attention(Tensor out, Tensor lse, Tensor q, KeyValues kv, Tokens tokens, float scale) {
        int heads = q.shape().dim(1);
        int width = q.shape().dim(2);
        int keyHeads = kv.k().shape().dim(1);
        out.zero();
        for (int b = 0; b < tokens.sequences(); b++)
            for (int n = tokens.starts()[b]; n < tokens.starts()[b + 1]; n++)
                for (int h = 0; h < heads; h++) {
                    int seen = tokens.positions()[n] + 1;
                    long query = ((long) n * heads + h) * width;
                    double[] score = new double[seen];
                    double max = Double.NEGATIVE_INFINITY;
                    for (int s = 0; s < seen; s++) {
                        score[s] = scale * dot(q, query, kv.k(), key(kv, b, s, h * keyHeads / heads), width);
                        max = Math.max(max, score[s]);
                    }
                    double sum = 0;
                    for (int s = 0; s < seen; s++) sum += Math.exp(score[s] - max);
                    double l = max + Math.log(sum);
                    for (int i = 0; i < width; i++) {
                        double mixed = 0;
                        for (int s = 0; s < seen; s++)
                            mixed += Math.exp(score[s] - l) * kv.v().get(key(kv, b, s, h * keyHeads / heads) + i);
                        out.set(query + i, (float) mixed);
                    }
                    lse.set((long) n * heads + h, (float) l);
                }
    }

    /** Dao et al. 2022 (arXiv 2205.14135), appendix B: the probabilities come back from the log-sum-exp. */
    @Override
    public void attentionBackward(
            Tensor dQ,
            Tensor dK,
            Tensor dV,
            Tensor dOut,
            Tensor out,
            Tensor lse,
            Tensor q,
            KeyValues kv,
            Tokens tokens,
            float scale) {
        int heads = q.shape().dim(1);
        int width = q.shape().dim(2);
        int keyHeads = kv.k().shape().dim(1);
        for (int b = 0; b < tokens.sequences(); b++)
            for (int n = tokens.starts()[b]; n < tokens.starts()[b + 1]; n++)
                for (int h = 0; h < heads; h++) {
                    long query = ((long) n * heads + h) * width;
                    double delta = dot(dOut, query, out, query, width);
                    for (int s = 0; s <= tokens.positions()[n]; s++) {
                        long key = key(kv, b, s, h * keyHeads / heads);
                        double p = Math.exp(scale * dot(q, query, kv.k(), key, width) - lse.get((long) n * heads + h));
                        double dScore = scale * p * (dot(dOut, query, kv.v(), key, width) - delta);
                        for (int i = 0; i < width; i++) {
                            plus(dV, key + i, p * dOut.get(query + i));
                            plus(dQ, query + i, dScore * kv.k().get(key + i));
                            plus(dK, key + i, dScore * q.get(query + i));
                        }
                    }
                }
    }

    private static long key(KeyValues kv, int sequence, int position, int head) {
        int keyHeads = kv.k().shape().dim(1);
        return ((long) kv.row(sequence, position) * keyHeads + head)
                * kv.k().shape().dim(2);
    }

    // ---- element by element -----------------------------------------------------------------------------------

    @Override
    public void swiGlu(Tensor out, Tensor gate, Tensor up) {
        for (long i = 0; i < out.shape().size(); i++)
            out.set(i, (float) (gate.get(i) * sigmoid(gate.get(i)) * up.get(i)));
    }

    @Override
    public void swiGluBackward(Tensor dGate, Tensor dUp, Tensor dOut, Tensor gate, Tensor up) {
        for (long i = 0; i < dOut.shape().size(); i++) {
            double g = gate.get(i);
            double s = sigmoid(g);
            plus(dGate, i, dOut.get(i) * up.get(i) * s * (1 + g * (1 - s)));
            plus(dUp, i, dOut.get(i) * g * s);
        }
    }

    @Override
    public void gelu(Tensor out, Tensor x) {
        for (long i = 0; i < out.shape().size(); i++) {
            double v = x.get(i);
            out.set(i, (float) (0.5 * v * (1 + Math.tanh(GELU_SCALE * (v + GELU_CUBIC * v * v * v)))));
        }
    }

    @Override
    public void geluBackward(Tensor dX, Tensor dOut, Tensor x) {
        for (long i = 0; i < dOut.shape().size(); i++) {
            double v = x.get(i);
            double t = Math.tanh(GELU_SCALE * (v + GELU_CUBIC * v * v * v));
            double inner = GELU_SCALE * (1 + 3 * GELU_CUBIC * v * v);
            plus(dX, i, dOut.get(i) * (0.5 * (1 + t) + 0.5 * v * (1 - t * t) * inner));
        }
    }

    @Override
    public void add(Tensor out, Tensor a, Tensor b) {
        for (long i = 0; i < out.shape().size(); i++) out.set(i, a.get(i) + b.get(i));
    }

    @Override
    public void scale(Tensor out, Tensor x, float factor) {
        for (long i = 0; i < out.shape().size(); i++) out.set(i, x.get(i) * factor);
    }

    @Override
    public void accumulate(Tensor dst, Tensor src, float factor) {
        for (long i = 0; i < dst.shape().size(); i++) plus(dst, i, (double) src.get(i) * factor);
    }

    @Override
    public void cast(Tensor out, Tensor x) {
        for (long i = 0; i < out.shape().size(); i++) write(out, i, read(x, i));
    }

    private static float read(Tensor t, long i) {
        MemorySegment s = t.segment();
        return switch (t.type()) {
            case F32 -> s.get(ValueLayout.JAVA_FLOAT_UNALIGNED, i * 4);
            case BF16 -> Float.intBitsToFloat(s.get(ValueLayout.JAVA_SHORT_UNALIGNED, i * 2) << 16);
            case F16 -> Float.float16ToFloat(s.get(ValueLayout.JAVA_SHORT_UNALIGNED, i * 2));
            case I32, Q8_0, Q4_0, Q4_K, Q6_K ->
                throw new IllegalArgumentException("cast: " + t.type() + " cannot be read one by one");
        };
    }

    private static void write(Tensor t, long i, float value) {
        MemorySegment s = t.segment();
        switch (t.type()) {
            case F32 -> s.set(ValueLayout.JAVA_FLOAT_UNALIGNED, i * 4, value);
            case BF16 -> s.set(ValueLayout.JAVA_SHORT_UNALIGNED, i * 2, bf16(value));
            case F16 -> s.set(ValueLayout.JAVA_SHORT_UNALIGNED, i * 2, Float.floatToFloat16(value));
            case I32, Q8_0, Q4_0, Q4_K, Q6_K ->
                throw new IllegalArgumentException("cast: " + t.type() + " cannot be written one by one");
        }
    }

    /** Nearest, ties to even; NaN stays a quiet NaN. */
    private static short bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) return (short) ((bits >>> 16) | 0x40);
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }

    // ---- loss and optimizer -----------------------------------------------------------------------------------

    @Override
    public void crossEntropy(Tensor losses, Tensor logits, int[] targets) {
        int vocabulary = logits.shape().last();
        for (int n = 0; n < targets.length; n++) {
            long row = (long) n * vocabulary;
            double loss = targets[n] < 0 ? 0 : logSumExp(logits, row, vocabulary) - logits.get(row + targets[n]);
            losses.set(n, (float) loss);
        }
    }

    @Override
    public void crossEntropyBackward(Tensor dLogits, Tensor dLosses, Tensor logits, int[] targets) {
        int vocabulary = logits.shape().last();
        for (int n = 0; n < targets.length; n++) {
            if (targets[n] < 0) continue;
            long row = (long) n * vocabulary;
            double l = logSumExp(logits, row, vocabulary);
            for (int i = 0; i < vocabulary; i++) {
                double p = Math.exp(logits.get(row + i) - l);
                plus(dLogits, row + i, dLosses.get(n) * (p - (i == targets[n] ? 1 : 0)));
            }
        }
    }

    @Override
    public double squaredNorm(Tensor x) {
        double sum = 0;
        for (long i = 0; i < x.shape().size(); i++) sum += (double) x.get(i) * x.get(i);
        return sum;
    }

    @Override
    public void adamW(Tensor w, Tensor g, Tensor m, Tensor v, AdamW step) {
        double first = 1 - Math.pow(step.beta1(), step.step());
        double second = 1 - Math.pow(step.beta2(), step.step());
        for (long i = 0; i < w.shape().size(); i++) {
            double grad = (double) g.get(i) * step.gradientScale();
            double mi = step.beta1() * m.get(i) + (1 - step.beta1()) * grad;
            double vi = step.beta2() * v.get(i) + (1 - step.beta2()) * grad * grad;
            double change = mi / first / (Math.sqrt(vi / second) + step.epsilon());
            m.set(i, (float) mi);
            v.set(i, (float) vi);
            w.set(i, (float) (w.get(i) - step.learningRate() * (change + step.weightDecay() * w.get(i))));
        }
    }

    // ---- shared -----------------------------------------------------------------------------------------------

    private static double dot(Tensor a, long from, Tensor b, long other, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) sum += (double) a.get(from + i) * b.get(other + i);
        return sum;
    }

    private static void plus(Tensor t, long i, double value) {
        t.set(i, (float) (t.get(i) + value));
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double logSumExp(Tensor x, long from, int n) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) max = Math.max(max, x.get(from + i));
        double sum = 0;
        for (int i = 0; i < n; i++) sum += Math.exp(x.get(from + i) - max);
        return max + Math.log(sum);
    }
}
