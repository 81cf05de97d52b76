package dev.prairie.tensor.reference;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Routing;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.Gradient;
import dev.prairie.tensor.device.PackedWeights;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The definition of every kernel: one readable loop each, backward beside forward, sums in double. Slow, obvious, and
 * what every other device is checked against. One thread; nothing here is meant to be fast.
 *
 * <p>In BF16 the operands of every product (matmul and its backwards, q·k, p·v and the products of attention's backward)
 * are rounded to BF16, to nearest even; sums stay as they are, and so does everything else. Packed weights say themselves
 * what becomes of x: of the two ways that are allowed with BF16 weights, F32 rounds nothing and BF16 rounds.
 */
public final class ReferenceKernels implements GradKernels {
    private static final double GELU_SCALE = Math.sqrt(2 / Math.PI);
    private static final double GELU_CUBIC = 0.044715;

    private final Operands operands;
    private final AttentionLoops attention;
    private final LowRankLoops lowRank;

    /** In F32. */
    public ReferenceKernels() {
        this(DType.F32);
    }

    /** With the operands of products in {@code precision}, F32 or BF16. */
    public ReferenceKernels(DType precision) {
        if (precision != DType.F32 && precision != DType.BF16)
            throw new IllegalArgumentException("reference: precision " + precision + ", must be F32 or BF16");
        operands = new Operands(precision == DType.BF16);
        attention = new AttentionLoops(operands);
        lowRank = new LowRankLoops(operands);
    }

    // ---- embedding, gather ------------------------------------------------------------------------------------

    @Override
    public void embedding(Tensor out, Tensor table, int[] ids) {
        for (int n = 0; n < ids.length; n++) cast(out.slice(n, n + 1), table.slice(ids[n], ids[n] + 1));
    }

    @Override
    public void embeddingBackward(Gradient dTable, Tensor dOut, int[] ids) {
        gatherBackward(dTable, dOut, ids);
    }

    @Override
    public void gather(Tensor out, Tensor x, int[] rows) {
        int width = x.shape().last();
        for (int m = 0; m < rows.length; m++)
            for (int i = 0; i < width; i++) out.set((long) m * width + i, x.get((long) rows[m] * width + i));
    }

    @Override
    public void gatherBackward(Gradient dX, Tensor dOut, int[] rows) {
        Tensor to = dX.cleared();
        int width = to.shape().last();
        for (int m = 0; m < rows.length; m++)
            for (int i = 0; i < width; i++) plus(to, (long) rows[m] * width + i, dOut.get((long) m * width + i));
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
    public void rmsNormBackward(Gradient dX, Gradient dW, Tensor dOut, Tensor x, Tensor w, Tensor rstd) {
        Tensor toX = dX.cleared();
        Tensor toW = dW.cleared();
        int width = x.shape().last();
        for (int n = 0; n < x.shape().rows(); n++) {
            long row = (long) n * width;
            double r = rstd.get(n);
            double projection = 0;
            for (int i = 0; i < width; i++)
                projection += (double) dOut.get(row + i) * w.get(i) * x.get(row + i) * r / width;
            for (int i = 0; i < width; i++) {
                double normed = x.get(row + i) * r;
                plus(toW, i, dOut.get(row + i) * normed);
                plus(toX, row + i, r * ((double) dOut.get(row + i) * w.get(i) - normed * projection));
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
            Gradient dX, Gradient dW, Gradient dB, Tensor dOut, Tensor x, Tensor w, Tensor mean, Tensor rstd) {
        Tensor toX = dX.cleared();
        Tensor toW = dW.cleared();
        Tensor toB = dB.cleared();
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
                plus(toW, i, dOut.get(row + i) * normed);
                plus(toB, i, dOut.get(row + i));
                plus(toX, row + i, r * ((double) dOut.get(row + i) * w.get(i) - average - normed * projection));
            }
        }
    }

    // ---- products ---------------------------------------------------------------------------------------------

    /** Weights of any floating type are read as they are. */
    @Override
    public void matmul(Tensor out, Tensor x, Tensor w, @Nullable Tensor bias, @Nullable Tensor residual) {
        int rows = x.shape().rows();
        int width = x.shape().last();
        int outputs = w.shape().dim(0);
        for (int n = 0; n < rows; n++)
            for (int o = 0; o < outputs; o++) {
                long at = (long) n * outputs + o;
                double sum = operands.product(x, (long) n * width, w, (long) o * width, width);
                if (bias != null) sum += bias.get(o);
                if (residual != null) sum += residual.get(at);
                out.set(at, (float) sum);
            }
    }

    @Override
    public void lowRank(Tensor out, Tensor hidden, Tensor x, List<LowRank.Part> parts) {
        for (LowRank.Part part : parts) lowRank.forward(out, hidden, x, part);
    }

    @Override
    public void lowRankBackward(
            Gradient dX,
            Gradient dA,
            Gradient dB,
            Tensor dHidden,
            Tensor dOut,
            Tensor hidden,
            Tensor x,
            LowRank.Part part) {
        lowRank.backward(dX.cleared(), dA.cleared(), dB.cleared(), dHidden, dOut, hidden, x, part);
    }

    @Override
    public PackedWeights pack(Tensor w, Arena arena) {
        PackedWeights.check(w);
        Tensor numbers = Tensor.zeros(arena, w.shape());
        if (w.type().quantized()) Quantization.decode(numbers, w);
        else cast(numbers, w);
        return new Decoded(w.type(), numbers);
    }

    /** Packed weights as the numbers that they stand for: {@code numbers(O, C)}, F32. */
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
    public void matmul(Tensor out, Tensor x, PackedWeights w, @Nullable Tensor bias, @Nullable Tensor residual) {
        Tensor numbers = decoded(w);
        if (w.type() == DType.F32) {
            matmul(out, x, numbers, bias, residual);
            return;
        }
        int width = x.shape().last();
        int outputs = w.shape().dim(0);
        double[] row = new double[width];
        for (int n = 0; n < x.shape().rows(); n++) {
            activations(row, x, (long) n * width, w.type());
            for (int o = 0; o < outputs; o++) {
                double sum = 0;
                for (int i = 0; i < width; i++) sum += row[i] * numbers.get((long) o * width + i);
                long at = (long) n * outputs + o;
                if (bias != null) sum += bias.get(o);
                if (residual != null) sum += residual.get(at);
                out.set(at, (float) sum);
            }
        }
    }

    /** A row of x as a product with packed weights of {@code type} takes it. */
    private void activations(double[] row, Tensor x, long first, DType type) {
        if (type.quantized()) Quantization.activations(row, x, first);
        else
            for (int i = 0; i < row.length; i++)
                row[i] = type == DType.BF16 ? operands.of(x, first + i) : x.get(first + i);
    }

    @Override
    public void matmulBackwardInput(Gradient dX, Tensor dOut, PackedWeights w) {
        matmulBackwardInput(dX, dOut, decoded(w));
    }

    @Override
    public void matmulBackwardInput(Gradient dX, Tensor dOut, Tensor w) {
        Tensor to = dX.cleared();
        int width = w.shape().last();
        int outputs = w.shape().dim(0);
        for (int n = 0; n < to.shape().rows(); n++)
            for (int i = 0; i < width; i++) {
                double sum = 0;
                for (int o = 0; o < outputs; o++)
                    sum += operands.of(dOut, (long) n * outputs + o) * operands.of(w, (long) o * width + i);
                plus(to, (long) n * width + i, sum);
            }
    }

    @Override
    public void matmulBackwardWeight(Gradient dW, Tensor dOut, Tensor x) {
        Tensor to = dW.cleared();
        int rows = x.shape().rows();
        int width = x.shape().last();
        int outputs = to.shape().dim(0);
        for (int o = 0; o < outputs; o++)
            for (int i = 0; i < width; i++) {
                double sum = 0;
                for (int n = 0; n < rows; n++)
                    sum += operands.of(dOut, (long) n * outputs + o) * operands.of(x, (long) n * width + i);
                plus(to, (long) o * width + i, sum);
            }
    }

    @Override
    public void biasBackward(Gradient dBias, Tensor dOut) {
        Tensor to = dBias.cleared();
        int outputs = dOut.shape().last();
        for (int o = 0; o < outputs; o++) {
            double sum = 0;
            for (int n = 0; n < dOut.shape().rows(); n++) sum += dOut.get((long) n * outputs + o);
            plus(to, o, sum);
        }
    }

    // ---- positions and attention ------------------------------------------------------------------------------

    @Override
    public void rope(Tensor out, Tensor x, int[] positions, Rotary rotary) {
        out.zero();
        AttentionLoops.turn(out, x, positions, rotary, +1);
    }

    @Override
    public void ropeBackward(Gradient dX, Tensor dOut, int[] positions, Rotary rotary) {
        AttentionLoops.turn(dX.cleared(), dOut, positions, rotary, -1);
    }

    @Override
    public void attention(Tensor out, Tensor lse, Tensor q, KeyValues kv, Tokens tokens, Scoring scoring) {
        attention.forward(out, lse, q, kv, numbers(kv.k()), numbers(kv.v()), tokens, scoring);
    }

    @Override
    public void attentionBackward(
            Gradient dQ,
            Gradient dK,
            Gradient dV,
            Tensor dOut,
            Tensor out,
            Tensor lse,
            Tensor q,
            KeyValues kv,
            Tokens tokens,
            Scoring scoring) {
        attention.backward(dQ.cleared(), dK.cleared(), dV.cleared(), dOut, out, lse, q, kv, tokens, scoring);
    }

    /** Keys or values as F32 numbers, whatever they are kept in. */
    private Tensor numbers(Tensor kept) {
        if (kept.type() == DType.F32) return kept;
        Tensor numbers = Tensor.zeros(Arena.ofAuto(), kept.shape());
        cast(numbers, kept);
        return numbers;
    }

    @Override
    public void store(KeyValues kv, Tensor k, Tensor v, Tokens tokens) {
        for (int b = 0; b < tokens.sequences(); b++)
            for (int n = tokens.starts()[b]; n < tokens.starts()[b + 1]; n++) {
                int row = kv.row(b, tokens.positions()[n]);
                cast(kv.k().slice(row, row + 1), k.slice(n, n + 1));
                cast(kv.v().slice(row, row + 1), v.slice(n, n + 1));
            }
    }

    // ---- element by element -----------------------------------------------------------------------------------

    @Override
    public void swiGlu(Tensor out, Tensor gate, Tensor up) {
        for (long i = 0; i < out.shape().size(); i++)
            out.set(i, (float) (gate.get(i) * sigmoid(gate.get(i)) * up.get(i)));
    }

    @Override
    public void swiGluBackward(Gradient dGate, Gradient dUp, Tensor dOut, Tensor gate, Tensor up) {
        Tensor toGate = dGate.cleared();
        Tensor toUp = dUp.cleared();
        for (long i = 0; i < dOut.shape().size(); i++) {
            double g = gate.get(i);
            double s = sigmoid(g);
            plus(toGate, i, dOut.get(i) * up.get(i) * s * (1 + g * (1 - s)));
            plus(toUp, i, dOut.get(i) * g * s);
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
    public void geluBackward(Gradient dX, Tensor dOut, Tensor x) {
        Tensor to = dX.cleared();
        for (long i = 0; i < dOut.shape().size(); i++) {
            double v = x.get(i);
            double t = Math.tanh(GELU_SCALE * (v + GELU_CUBIC * v * v * v));
            double inner = GELU_SCALE * (1 + 3 * GELU_CUBIC * v * v);
            plus(to, i, dOut.get(i) * (0.5 * (1 + t) + 0.5 * v * (1 - t * t) * inner));
        }
    }

    @Override
    public void geluExact(Tensor out, Tensor x) {
        for (long i = 0; i < out.shape().size(); i++) out.set(i, (float) (x.get(i) * Normal.below(x.get(i))));
    }

    @Override
    public void geluExactBackward(Gradient dX, Tensor dOut, Tensor x) {
        Tensor to = dX.cleared();
        for (long i = 0; i < dOut.shape().size(); i++) {
            double v = x.get(i);
            plus(to, i, dOut.get(i) * (Normal.below(v) + v * Normal.density(v)));
        }
    }

    @Override
    public void softCap(Tensor out, Tensor x, float cap) {
        for (long i = 0; i < out.shape().size(); i++) out.set(i, (float) (cap * Math.tanh((double) x.get(i) / cap)));
    }

    @Override
    public void softCapBackward(Gradient dX, Tensor dOut, Tensor out, float cap) {
        Tensor to = dX.cleared();
        for (long i = 0; i < out.shape().size(); i++) {
            double t = (double) out.get(i) / cap;
            plus(to, i, dOut.get(i) * (1 - t * t));
        }
    }

    @Override
    public void multiply(Tensor out, Tensor a, Tensor b) {
        for (long i = 0; i < out.shape().size(); i++) out.set(i, a.get(i) * b.get(i));
    }

    @Override
    public void multiplyBackward(Gradient dA, Gradient dB, Tensor dOut, Tensor a, Tensor b) {
        Tensor toA = dA.cleared();
        Tensor toB = dB.cleared();
        for (long i = 0; i < dOut.shape().size(); i++) {
            plus(toA, i, (double) dOut.get(i) * b.get(i));
            plus(toB, i, (double) dOut.get(i) * a.get(i));
        }
    }

    // ---- experts ----------------------------------------------------------------------------------------------

    @Override
    public void route(Tensor weights, int[] chosen, Tensor logits, Routing routing) {
        Router.route(weights, chosen, logits, routing);
    }

    @Override
    public void routeBackward(Gradient dLogits, Tensor dWeights, Tensor logits, int[] chosen, Routing routing) {
        Router.backward(dLogits.cleared(), dWeights, logits, chosen, routing);
    }

    @Override
    public void scatter(Tensor out, Tensor x, Tensor weights, int[] slots) {
        int width = x.shape().last();
        int each = weights.shape().last();
        for (int m = 0; m < slots.length; m++)
            for (int i = 0; i < width; i++)
                plus(
                        out,
                        (long) (slots[m] / each) * width + i,
                        (double) weights.get(slots[m]) * x.get((long) m * width + i));
    }

    @Override
    public void scatterBackward(Gradient dX, Gradient dWeights, Tensor dOut, Tensor x, Tensor weights, int[] slots) {
        Tensor toX = dX.cleared();
        Tensor toWeights = dWeights.cleared();
        int width = x.shape().last();
        int each = weights.shape().last();
        for (int m = 0; m < slots.length; m++) {
            long token = (long) (slots[m] / each) * width;
            plus(toWeights, slots[m], dot(x, (long) m * width, dOut, token, width));
            for (int i = 0; i < width; i++)
                plus(toX, (long) m * width + i, (double) weights.get(slots[m]) * dOut.get(token + i));
        }
    }

    // ---- sums -------------------------------------------------------------------------------------------------

    @Override
    public void add(Tensor out, Tensor a, Tensor b) {
        for (long i = 0; i < out.shape().size(); i++) out.set(i, a.get(i) + b.get(i));
    }

    @Override
    public void scale(Tensor out, Tensor x, float factor) {
        for (long i = 0; i < out.shape().size(); i++) out.set(i, x.get(i) * factor);
    }

    @Override
    public void accumulate(Gradient dst, Tensor src, float factor) {
        Tensor to = dst.cleared();
        for (long i = 0; i < to.shape().size(); i++) plus(to, i, (double) src.get(i) * factor);
    }

    @Override
    public void cast(Tensor out, Tensor x) {
        if (out.type().quantized()) Quantization.encode(out, x);
        else if (x.type().quantized()) Quantization.decode(out, x);
        else for (long i = 0; i < out.shape().size(); i++) Operands.write(out, i, Operands.read(x, i));
    }

    // ---- loss and optimizer -----------------------------------------------------------------------------------

    @Override
    public void crossEntropy(Tensor losses, Tensor lse, Tensor logits, int[] targets) {
        int vocabulary = logits.shape().last();
        for (int n = 0; n < targets.length; n++) {
            long row = (long) n * vocabulary;
            double l = targets[n] < 0 ? 0 : logSumExp(logits, row, vocabulary);
            losses.set(n, targets[n] < 0 ? 0 : (float) (l - logits.get(row + targets[n])));
            lse.set(n, (float) l);
        }
    }

    /** Element by element, each logit read before its gradient is written: the two may be the same memory. */
    @Override
    public void crossEntropyBackward(Gradient dLogits, Tensor dLosses, Tensor logits, Tensor lse, int[] targets) {
        int vocabulary = logits.shape().last();
        for (int n = 0; n < targets.length; n++)
            for (int i = 0; i < vocabulary; i++) {
                long at = (long) n * vocabulary + i;
                double p = Math.exp((double) logits.get(at) - lse.get(n));
                double d = targets[n] < 0 ? 0 : dLosses.get(n) * (p - (i == targets[n] ? 1 : 0));
                dLogits.tensor()
                        .set(at, (float) (dLogits.add() ? dLogits.tensor().get(at) + d : d));
            }
    }

    @Override
    public double squaredNorm(Tensor x) {
        double sum = 0;
        for (long i = 0; i < x.shape().size(); i++) sum += (double) x.get(i) * x.get(i);
        return sum;
    }

    @Override
    public void adamW(List<Parameter> parameters, AdamW step) {
        for (Parameter p : parameters) adamW(p.w(), p.gradient(), p.first(), p.second(), p.weightDecay(), step);
    }

    private static void adamW(Tensor w, Tensor g, Tensor m, Tensor v, float decay, AdamW step) {
        double first = 1 - Math.pow(step.beta1(), step.step());
        double second = 1 - Math.pow(step.beta2(), step.step());
        for (long i = 0; i < w.shape().size(); i++) {
            double grad = (double) g.get(i) * step.gradientScale();
            double mi = step.beta1() * m.get(i) + (1 - step.beta1()) * grad;
            double vi = step.beta2() * v.get(i) + (1 - step.beta2()) * grad * grad;
            double change = mi / first / (Math.sqrt(vi / second) + step.epsilon());
            m.set(i, (float) mi);
            v.set(i, (float) vi);
            w.set(i, (float) (w.get(i) - step.learningRate() * (change + decay * w.get(i))));
        }
    }

    // ---- shared -----------------------------------------------------------------------------------------------

    static double dot(Tensor a, long from, Tensor b, long other, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) sum += (double) a.get(from + i) * b.get(other + i);
        return sum;
    }

    static void plus(Tensor t, long i, double value) {
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
