package dev.prairie.model.reference;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A whole GPT-2 in one file: forward, backward by hand, AdamW and generation, on nothing but {@code float[]}.
 *
 * <p>What it is: the place to start reading, and the second oracle that the real model is tested against. What it is
 * not: fast. One thread, no vector instructions, no key/value cache; {@code model.transformer} is what one trains with.
 * Run: {@code java -cp model/target/classes dev.prairie.model.reference.OneFileGpt TEXT 300} trains 300 steps on the
 * characters of a text file and prints what it learned to write. Extend: give a new layer a forward beside its backward, its arrays a line in {@link Weights} and
 * {@link Activations}, and add both calls, mirrored, to {@link #forward} and {@link #backward}.
 *
 * <p>Letters in shapes: B sequences, T positions, N = B * T rows, C model width, H heads, D = C / H head width,
 * F feed-forward width, V vocabulary, L layers. Arrays are row-major; a weight (O, C) has one row per output feature.
 * The model is that of Radford et al. 2019, "Language Models are Unsupervised Multitask Learners". Sums run in double.
 */
public final class OneFileGpt {
    private static final double NORM_EPSILON = 1e-5;

    /** Sizes; {@code tied} shares one array between the token embedding and the head. */
    public record Config(int vocabulary, int context, int layers, int width, int heads, int feedForward, boolean tied) {
        public Config {
            if (IntStream.of(vocabulary, context, layers, width, heads, feedForward)
                            .min()
                            .orElse(0)
                    < 1)
                throw new IllegalArgumentException("OneFileGpt: V " + vocabulary + ", T " + context + ", L " + layers
                        + ", C " + width + ", H " + heads + ", F " + feedForward + " must all be at least 1");
            if (width % heads != 0)
                throw new IllegalArgumentException("OneFileGpt: width " + width + " over " + heads + " heads");
        }
    }

    private final Config config;
    private final Weights weights;
    private final Weights gradients;
    private final Weights firstMoments;
    private final Weights secondMoments;

    // What the last loss() computed, for backward().
    private int[] ids = {}; // (N)
    private int[] targets = {}; // (N), -1 counts nothing
    Activations acts;
    private int steps;

    /** A fresh model: normal weights of deviation 0.02, smaller where they add to the residual stream, as in GPT-2. */
    public OneFileGpt(Config config, long seed) {
        this.config = config;
        this.weights = new Weights(config);
        this.gradients = new Weights(config);
        this.firstMoments = new Weights(config);
        this.secondMoments = new Weights(config);
        this.acts = new Activations(config, 0, 0);
        Random random = new Random(seed);
        weights.byName.forEach((name, w) -> {
            boolean residual = name.endsWith("attention.out.weight") || name.endsWith("feedforward.down.weight");
            double deviation = residual ? 0.02 / Math.sqrt(2.0 * config.layers) : 0.02;
            if (name.endsWith("norm.weight")) Arrays.fill(w, 1);
            else if (!name.endsWith(".bias"))
                for (int i = 0; i < w.length; i++) w[i] = (float) (deviation * random.nextGaussian());
        });
    }

    /** The live weights by name; writing into an array changes the model. */
    public Map<String, float[]> parameters() {
        return Collections.unmodifiableMap(weights.byName);
    }

    /** The live gradients, by the names of {@link #parameters}. */
    public Map<String, float[]> gradients() {
        return Collections.unmodifiableMap(gradients.byName);
    }

    // ---- the model --------------------------------------------------------------------------------------------

    /** A matrix and what is added after it: {@code weight(O, C)}, {@code bias(O)}. */
    private record Linear(float[] weight, float[] bias) {}

    /** What a norm learns: {@code weight(C)}, {@code bias(C)}. */
    private record Norm(float[] weight, float[] bias) {}

    /** All that is learned. Four of these make a training run: weights, gradients, and AdamW's two moments. */
    private static final class Weights {
        final Map<String, float[]> byName = new LinkedHashMap<>();
        final float[] tokens; // (V, C)
        final float[] positions; // (T, C)
        final BlockWeights[] blocks; // L
        final Norm norm; // (C), (C)
        final float[] head; // (V, C)

        Weights(Config c) {
            tokens = array("tokens.weight", c.vocabulary, c.width);
            positions = array("positions.weight", c.context, c.width);
            blocks = new BlockWeights[c.layers];
            for (int l = 0; l < c.layers; l++) blocks[l] = new BlockWeights(this, "layers." + l + ".", c);
            norm = norm("norm", c.width);
            head = c.tied ? tokens : array("head.weight", c.vocabulary, c.width);
        }

        Linear linear(String name, int outputs, int width) {
            return new Linear(array(name + ".weight", outputs, width), array(name + ".bias", outputs));
        }

        Norm norm(String name, int width) {
            return new Norm(array(name + ".weight", width), array(name + ".bias", width));
        }

        private float[] array(String name, int... shape) {
            float[] a = new float[IntStream.of(shape).reduce(1, Math::multiplyExact)];
            byName.put(name, a);
            return a;
        }
    }

    /** One block: x + attention(norm(x)), then x + feedforward(norm(x)). */
    private static final class BlockWeights {
        final Norm norm1; // (C), (C)
        final Linear query; // (C, C), (C)
        final Linear key; // (C, C), (C)
        final Linear value; // (C, C), (C)
        final Linear out; // (C, C), (C)
        final Norm norm2; // (C), (C)
        final Linear up; // (F, C), (F)
        final Linear down; // (C, F), (C)

        BlockWeights(Weights all, String name, Config c) {
            norm1 = all.norm(name + "attention.norm", c.width);
            query = all.linear(name + "attention.q", c.width, c.width);
            key = all.linear(name + "attention.k", c.width, c.width);
            value = all.linear(name + "attention.v", c.width, c.width);
            out = all.linear(name + "attention.out", c.width, c.width);
            norm2 = all.norm(name + "feedforward.norm", c.width);
            up = all.linear(name + "feedforward.up", c.feedForward, c.width);
            down = all.linear(name + "feedforward.down", c.width, c.feedForward);
        }
    }

    /** What a norm gives, {@code out(N, C)}, and what its backward needs, {@code mean(N)} and {@code rstd(N)}. */
    record Normed(float[] out, float[] mean, float[] rstd) {
        Normed(int n, int width) {
            this(new float[n * width], new float[n], new float[n]);
        }
    }

    /** All that a forward pass computes, and, in a second copy, the gradient of each. */
    static final class Activations {
        final int sequences; // B
        final int length; // T of this batch
        final float[] embedded; // (N, C)
        final BlockActivations[] blocks; // L
        final Normed normed; // (N, C)
        final float[] logits; // (N, V)

        Activations(Config c, int sequences, int length) {
            int n = Math.multiplyExact(sequences, length);
            this.sequences = sequences;
            this.length = length;
            embedded = new float[Math.multiplyExact(n, c.width)];
            blocks = new BlockActivations[c.layers];
            for (int l = 0; l < c.layers; l++) blocks[l] = new BlockActivations(c, n, length);
            normed = new Normed(n, c.width);
            logits = new float[Math.multiplyExact(n, c.vocabulary)];
        }

        /** What goes into block {@code l}; into the final norm for l = L. (N, C) */
        float[] input(int l) {
            return l == 0 ? embedded : blocks[l - 1].output;
        }
    }

    /** What one block computes. */
    static final class BlockActivations {
        final Normed normed1; // (N, C)
        final float[] query; // (N, C), head h in columns h*D .. (h+1)*D
        final float[] key; // (N, C)
        final float[] value; // (N, C)
        final float[] probabilities; // (N, H, T): how much each query looks at each position, 0 in the future
        final float[] mixed; // (N, C)
        final float[] projected; // (N, C)
        final float[] middle; // (N, C), the residual stream after attention
        final Normed normed2; // (N, C)
        final float[] up; // (N, F)
        final float[] activated; // (N, F)
        final float[] down; // (N, C)
        final float[] output; // (N, C), the residual stream after the block

        BlockActivations(Config c, int n, int length) {
            int nc = n * c.width;
            normed1 = new Normed(n, c.width);
            query = new float[nc];
            key = new float[nc];
            value = new float[nc];
            probabilities = new float[Math.multiplyExact(n, Math.multiplyExact(c.heads, length))];
            mixed = new float[nc];
            projected = new float[nc];
            middle = new float[nc];
            normed2 = new Normed(n, c.width);
            up = new float[Math.multiplyExact(n, c.feedForward)];
            activated = new float[n * c.feedForward];
            down = new float[nc];
            output = new float[nc];
        }
    }

    /** Logits (N, V) of {@code batch} rows of {@code length} ids each. */
    public float[] forward(int[] tokenIds, int batch, int length) {
        check(tokenIds, batch, length);
        if (acts.sequences != batch || acts.length != length) acts = new Activations(config, batch, length);
        ids = tokenIds.clone();
        targets = new int[0];
        int c = config.width;
        for (int n = 0; n < ids.length; n++)
            for (int i = 0; i < c; i++)
                acts.embedded[n * c + i] = weights.tokens[ids[n] * c + i] + weights.positions[(n % length) * c + i];
        for (int l = 0; l < config.layers; l++) {
            BlockWeights w = weights.blocks[l];
            BlockActivations a = acts.blocks[l];
            layerNorm(a.normed1, acts.input(l), w.norm1);
            matmul(a.query, a.normed1.out, w.query);
            matmul(a.key, a.normed1.out, w.key);
            matmul(a.value, a.normed1.out, w.value);
            attention(a);
            matmul(a.projected, a.mixed, w.out);
            add(a.middle, acts.input(l), a.projected);
            layerNorm(a.normed2, a.middle, w.norm2);
            matmul(a.up, a.normed2.out, w.up);
            gelu(a.activated, a.up);
            matmul(a.down, a.activated, w.down);
            add(a.output, a.middle, a.down);
        }
        layerNorm(acts.normed, acts.input(config.layers), weights.norm);
        matmul(acts.logits, acts.normed.out, head(weights));
        return acts.logits;
    }

    /** Mean cross-entropy in nats over the targets that are not -1; {@link #backward} then knows its gradient. */
    public float loss(int[] tokenIds, int[] targetIds, int batch, int length) {
        if (targetIds.length != tokenIds.length)
            throw new IllegalArgumentException(
                    "OneFileGpt: " + tokenIds.length + " ids but " + targetIds.length + " targets");
        within("target", targetIds, -1);
        forward(tokenIds, batch, length);
        targets = targetIds.clone();
        double sum = 0;
        int v = config.vocabulary;
        for (int n = 0; n < targets.length; n++)
            if (targets[n] >= 0) sum += logSumExp(acts.logits, n * v, v) - acts.logits[n * v + targets[n]];
        return (float) (sum / Math.max(1, counted(targets)));
    }

    /** Adds the gradient of the last {@link #loss} to {@link #gradients}: the forward pass, read from the end. */
    public void backward() {
        if (targets.length == 0) throw new IllegalStateException("OneFileGpt: backward needs a loss first");
        Activations d = new Activations(config, acts.sequences, acts.length);
        Weights g = gradients;
        crossEntropyBackward(d.logits);
        matmulBackward(d.normed.out, head(g), d.logits, acts.normed.out, head(weights));
        layerNormBackward(
                d.input(config.layers), g.norm, d.normed, acts.normed, acts.input(config.layers), weights.norm);
        for (int l = config.layers - 1; l >= 0; l--) {
            BlockWeights w = weights.blocks[l];
            BlockWeights dw = g.blocks[l];
            BlockActivations a = acts.blocks[l];
            BlockActivations da = d.blocks[l];
            addBackward(da.middle, da.down, da.output);
            matmulBackward(da.activated, dw.down, da.down, a.activated, w.down);
            geluBackward(da.up, da.activated, a.up);
            matmulBackward(da.normed2.out, dw.up, da.up, a.normed2.out, w.up);
            layerNormBackward(da.middle, dw.norm2, da.normed2, a.normed2, a.middle, w.norm2);
            addBackward(d.input(l), da.projected, da.middle);
            matmulBackward(da.mixed, dw.out, da.projected, a.mixed, w.out);
            attentionBackward(da, a);
            matmulBackward(da.normed1.out, dw.value, da.value, a.normed1.out, w.value);
            matmulBackward(da.normed1.out, dw.key, da.key, a.normed1.out, w.key);
            matmulBackward(da.normed1.out, dw.query, da.query, a.normed1.out, w.query);
            layerNormBackward(d.input(l), dw.norm1, da.normed1, a.normed1, acts.input(l), w.norm1);
        }
        int c = config.width;
        for (int n = 0; n < ids.length; n++)
            for (int i = 0; i < c; i++) {
                g.tokens[ids[n] * c + i] += d.embedded[n * c + i];
                g.positions[(n % acts.length) * c + i] += d.embedded[n * c + i];
            }
    }

    /** The head has no bias: one of zeros keeps it an ordinary matrix. */
    private Linear head(Weights w) {
        return new Linear(w.head, new float[config.vocabulary]);
    }

    private void check(int[] tokenIds, int batch, int length) {
        if (batch < 1 || length < 1 || length > config.context || (long) batch * length != tokenIds.length)
            throw new IllegalArgumentException("OneFileGpt: " + tokenIds.length + " ids must fill " + batch
                    + " rows of " + length + ", a row at most the context of " + config.context);
        within("id", tokenIds, 0);
    }

    private void within(String what, int[] values, int from) {
        for (int v : values)
            if (v < from || v >= config.vocabulary)
                throw new IllegalArgumentException(
                        "OneFileGpt: " + what + " " + v + " must be from " + from + " to " + (config.vocabulary - 1));
    }

    // ---- layers, each backward beside its forward; a backward adds to its d-arguments -------------------------

    /** Rows of x(N, C) with mean 0 and variance 1, times weight plus bias. */
    private static void layerNorm(Normed normed, float[] x, Norm w) {
        int width = w.weight.length;
        for (int n = 0; n < normed.mean.length; n++) {
            int row = n * width;
            double sum = 0;
            for (int i = 0; i < width; i++) sum += x[row + i];
            double mu = sum / width;
            double squares = 0;
            for (int i = 0; i < width; i++) squares += (x[row + i] - mu) * (x[row + i] - mu);
            double r = 1 / Math.sqrt(squares / width + NORM_EPSILON);
            for (int i = 0; i < width; i++)
                normed.out[row + i] = (float) ((x[row + i] - mu) * r * w.weight[i] + w.bias[i]);
            normed.mean[n] = (float) mu;
            normed.rstd[n] = (float) r;
        }
    }

    /** The mean and the deviation depend on every x of the row, hence the two sums taken off. */
    private static void layerNormBackward(float[] dX, Norm dW, Normed dNormed, Normed normed, float[] x, Norm w) {
        int width = w.weight.length;
        for (int n = 0; n < normed.mean.length; n++) {
            int row = n * width;
            double mu = normed.mean[n];
            double r = normed.rstd[n];
            double average = 0;
            double projection = 0;
            for (int i = 0; i < width; i++) {
                double dOut = dNormed.out[row + i];
                double standard = (x[row + i] - mu) * r;
                average += dOut * w.weight[i] / width;
                projection += dOut * w.weight[i] * standard / width;
                dW.weight[i] += (float) (dOut * standard);
                dW.bias[i] += (float) dOut;
            }
            for (int i = 0; i < width; i++) {
                double standard = (x[row + i] - mu) * r;
                double through = (double) dNormed.out[row + i] * w.weight[i];
                dX[row + i] += (float) (r * (through - average - standard * projection));
            }
        }
    }

    /** {@code out(N, O) = x(N, C) · weight(O, C)ᵀ + bias(O)}. */
    private static void matmul(float[] out, float[] x, Linear w) {
        int outputs = w.bias.length;
        int width = w.weight.length / outputs;
        for (int n = 0; n < out.length / outputs; n++)
            for (int o = 0; o < outputs; o++) {
                double sum = w.bias[o];
                for (int i = 0; i < width; i++) sum += (double) x[n * width + i] * w.weight[o * width + i];
                out[n * outputs + o] = (float) sum;
            }
    }

    /** {@code dX += dOut · weight}, {@code dWeight += dOutᵀ · x}, {@code dBias += Σ_n dOut}. */
    private static void matmulBackward(float[] dX, Linear dW, float[] dOut, float[] x, Linear w) {
        int outputs = w.bias.length;
        int width = w.weight.length / outputs;
        int rows = dOut.length / outputs;
        double[] sums = new double[width];
        for (int n = 0; n < rows; n++) {
            Arrays.fill(sums, 0);
            for (int o = 0; o < outputs; o++)
                for (int i = 0; i < width; i++) sums[i] += (double) dOut[n * outputs + o] * w.weight[o * width + i];
            for (int i = 0; i < width; i++) dX[n * width + i] += (float) sums[i];
        }
        for (int o = 0; o < outputs; o++) {
            Arrays.fill(sums, 0);
            double sum = 0;
            for (int n = 0; n < rows; n++) {
                for (int i = 0; i < width; i++) sums[i] += (double) dOut[n * outputs + o] * x[n * width + i];
                sum += dOut[n * outputs + o];
            }
            for (int i = 0; i < width; i++) dW.weight[o * width + i] += (float) sums[i];
            dW.bias[o] += (float) sum;
        }
    }

    /** Every query looks at the keys up to its own position, and takes that mixture of the values. */
    private void attention(BlockActivations a) {
        int width = config.width / config.heads;
        int length = acts.length;
        double scale = 1 / Math.sqrt(width);
        for (int n = 0; n < acts.sequences * length; n++)
            for (int h = 0; h < config.heads; h++) {
                int first = n - n % length; // the row of this sequence's position 0
                int seen = n % length + 1;
                int query = n * config.width + h * width;
                int row = (n * config.heads + h) * length;
                for (int s = 0; s < seen; s++) {
                    int key = (first + s) * config.width + h * width;
                    double dot = 0;
                    for (int i = 0; i < width; i++) dot += (double) a.query[query + i] * a.key[key + i];
                    a.probabilities[row + s] = (float) (dot * scale);
                }
                double all = logSumExp(a.probabilities, row, seen);
                for (int s = 0; s < seen; s++)
                    a.probabilities[row + s] = (float) Math.exp(a.probabilities[row + s] - all);
                for (int i = 0; i < width; i++) {
                    double sum = 0;
                    for (int s = 0; s < seen; s++)
                        sum += (double) a.probabilities[row + s] * a.value[(first + s) * config.width + h * width + i];
                    a.mixed[query + i] = (float) sum;
                }
            }
    }

    /** Softmax backward: {@code dScore = p * (dP - Σ p dP)}. */
    private void attentionBackward(BlockActivations da, BlockActivations a) {
        int width = config.width / config.heads;
        int length = acts.length;
        double scale = 1 / Math.sqrt(width);
        for (int n = 0; n < acts.sequences * length; n++)
            for (int h = 0; h < config.heads; h++) {
                int first = n - n % length;
                int seen = n % length + 1;
                int query = n * config.width + h * width;
                int row = (n * config.heads + h) * length;
                double average = 0;
                for (int s = 0; s < seen; s++) {
                    int key = (first + s) * config.width + h * width;
                    double dP = 0;
                    for (int i = 0; i < width; i++) dP += (double) da.mixed[query + i] * a.value[key + i];
                    da.probabilities[row + s] = (float) dP;
                    average += a.probabilities[row + s] * dP;
                }
                for (int s = 0; s < seen; s++) {
                    int key = (first + s) * config.width + h * width;
                    double p = a.probabilities[row + s];
                    double dScore = scale * p * (da.probabilities[row + s] - average);
                    for (int i = 0; i < width; i++) {
                        da.value[key + i] += (float) (p * da.mixed[query + i]);
                        da.query[query + i] += (float) (dScore * a.key[key + i]);
                        da.key[key + i] += (float) (dScore * a.query[query + i]);
                    }
                }
            }
    }

    /** The tanh form of Hendrycks and Gimpel 2016 (arXiv 1606.08415). */
    private static void gelu(float[] out, float[] x) {
        for (int i = 0; i < x.length; i++) out[i] = (float) (0.5 * x[i] * (1 + Math.tanh(geluInner(x[i]))));
    }

    private static void geluBackward(float[] dX, float[] dOut, float[] x) {
        for (int i = 0; i < x.length; i++) {
            double tanh = Math.tanh(geluInner(x[i]));
            double slope = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x[i] * x[i]);
            dX[i] += (float) (dOut[i] * (0.5 * (1 + tanh) + 0.5 * x[i] * (1 - tanh * tanh) * slope));
        }
    }

    private static double geluInner(double x) {
        return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
    }

    private static void add(float[] out, float[] a, float[] b) {
        for (int i = 0; i < out.length; i++) out[i] = a[i] + b[i];
    }

    private static void addBackward(float[] dA, float[] dB, float[] dOut) {
        add(dA, dA, dOut);
        add(dB, dB, dOut);
    }

    /** Softmax minus one-hot, over the number of targets that count. */
    private void crossEntropyBackward(float[] dLogits) {
        int vocabulary = config.vocabulary;
        double share = 1.0 / Math.max(1, counted(targets));
        for (int n = 0; n < targets.length; n++) {
            if (targets[n] < 0) continue;
            double all = logSumExp(acts.logits, n * vocabulary, vocabulary);
            for (int i = 0; i < vocabulary; i++) {
                double p = Math.exp(acts.logits[n * vocabulary + i] - all);
                dLogits[n * vocabulary + i] = (float) (share * (i == targets[n] ? p - 1 : p));
            }
        }
    }

    private static long counted(int[] targets) {
        return Arrays.stream(targets).filter(t -> t >= 0).count();
    }

    private static double logSumExp(float[] x, int from, int count) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) max = Math.max(max, x[from + i]);
        double sum = 0;
        for (int i = 0; i < count; i++) sum += Math.exp(x[from + i] - max);
        return max + Math.log(sum);
    }

    // ---- learning ---------------------------------------------------------------------------------------------

    /** Forgets the gradients; backward adds to what is there. */
    public void zeroGradients() {
        for (float[] g : gradients.byName.values()) Arrays.fill(g, 0);
    }

    /** One step of AdamW (Loshchilov and Hutter 2017, arXiv 1711.05101). Matrices decay; norms and biases do not. */
    public void adamW(float learningRate, float beta1, float beta2, float epsilon, float weightDecay) {
        steps++;
        double first = 1 - Math.pow(beta1, steps);
        double second = 1 - Math.pow(beta2, steps);
        weights.byName.forEach((name, w) -> {
            float[] g = Objects.requireNonNull(gradients.byName.get(name));
            float[] m = Objects.requireNonNull(firstMoments.byName.get(name));
            float[] v = Objects.requireNonNull(secondMoments.byName.get(name));
            float decay = name.endsWith(".bias") || name.endsWith("norm.weight") ? 0 : weightDecay;
            for (int i = 0; i < w.length; i++) {
                double mi = beta1 * m[i] + (1 - beta1) * (double) g[i];
                double vi = beta2 * v[i] + (1 - beta2) * (double) g[i] * g[i];
                double change = mi / first / (Math.sqrt(vi / second) + epsilon);
                m[i] = (float) mi;
                v[i] = (float) vi;
                w[i] = (float) (w[i] - learningRate * (change + decay * w[i]));
            }
        });
    }

    // ---- writing ----------------------------------------------------------------------------------------------

    /**
     * The likeliest {@code count} ids after {@code prompt}, or, at a temperature, ids drawn from softmax(logits / it).
     */
    public int[] generate(int[] prompt, int count, double temperature, long seed) {
        if (prompt.length == 0 || count < 0 || !(temperature >= 0))
            throw new IllegalArgumentException(
                    "OneFileGpt: needs a prompt, and no less than 0 ids and temperature; got " + prompt.length
                            + " ids, count " + count + ", temperature " + temperature);
        Random random = new Random(seed);
        int[] all = Arrays.copyOf(prompt, Math.addExact(prompt.length, count));
        for (int n = prompt.length; n < all.length; n++) {
            int[] seen = Arrays.copyOfRange(all, Math.max(0, n - config.context), n);
            float[] logits = forward(seen, 1, seen.length);
            all[n] = pick(logits, (seen.length - 1) * config.vocabulary, temperature, random);
        }
        return Arrays.copyOfRange(all, prompt.length, all.length);
    }

    /** The likeliest after Gumbel noise is a draw from the softmax (Gumbel 1954; Maddison et al. 2014). */
    private int pick(float[] logits, int row, double temperature, Random random) {
        int best = 0;
        double bestScore = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < config.vocabulary; i++) {
            double gumbel = temperature == 0 ? 0 : -Math.log(-Math.log(random.nextDouble()));
            double score = logits[row + i] + temperature * gumbel;
            if (score > bestScore) best = i;
            bestScore = Math.max(score, bestScore);
        }
        return best;
    }

    /** {@code TEXT [STEPS]}: a character model learns to write like the text. */
    static void main(String[] args) throws IOException {
        String text = args.length > 0 ? Files.readString(Path.of(args[0])) : "";
        int[] alphabet = text.chars().distinct().sorted().toArray();
        int[] all = text.chars().map(c -> Arrays.binarySearch(alphabet, c)).toArray();
        int length = 32;
        if (all.length <= length) {
            IO.println("usage: OneFileGpt TEXT [STEPS], TEXT a file of more than " + length + " characters");
            return;
        }
        var gpt = new OneFileGpt(new Config(alphabet.length, length, 2, 64, 4, 256, true), 1);
        Random random = new Random(2);
        for (int step = 0; step < (args.length > 1 ? Integer.parseInt(args[1]) : 300); step++) {
            int[] from = random.ints(8, 0, all.length - length).toArray();
            int[] inputs = Arrays.stream(from)
                    .flatMap(f -> Arrays.stream(all, f, f + length))
                    .toArray();
            int[] next = Arrays.stream(from)
                    .flatMap(f -> Arrays.stream(all, f + 1, f + 1 + length))
                    .toArray();
            float loss = gpt.loss(inputs, next, 8, length);
            gpt.zeroGradients();
            gpt.backward();
            gpt.adamW(3e-3f, 0.9f, 0.99f, 1e-8f, 0.1f);
            if (step % 20 == 0) IO.println("step " + step + "  loss " + loss);
        }
        for (int id : gpt.generate(new int[] {all[0]}, 300, 0.8, 3)) IO.print((char) alphabet[id]);
        IO.println();
    }
}
