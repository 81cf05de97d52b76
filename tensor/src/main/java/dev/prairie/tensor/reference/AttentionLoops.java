package dev.prairie.tensor.reference;

import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;

/** Positions and attention of {@link ReferenceKernels}: how queries, keys and values meet. */
final class AttentionLoops {
    private final Operands operands;

    AttentionLoops(Operands operands) {
        this.operands = operands;
    }

    /** Turns pairs by the positions, or back where {@code sign} is -1, on top of what is in {@code out}. */
    static void turn(Tensor out, Tensor x, int[] positions, Rotary rotary, int sign) {
        int heads = x.shape().dim(1);
        int width = x.shape().dim(2);
        int half = rotary.width() / 2;
        for (int n = 0; n < positions.length; n++)
            for (int h = 0; h < heads; h++) {
                long head = ((long) n * heads + h) * width;
                for (int i = 0; i < half; i++) {
                    double angle = sign * positions[n] * rotary.frequencies()[i];
                    double c = rotary.magnitude() * Math.cos(angle);
                    double s = rotary.magnitude() * Math.sin(angle);
                    long a = head + i;
                    ReferenceKernels.plus(out, a, x.get(a) * c - x.get(a + half) * s);
                    ReferenceKernels.plus(out, a + half, x.get(a) * s + x.get(a + half) * c);
                }
                for (long a = head + rotary.width(); a < head + width; a++) ReferenceKernels.plus(out, a, x.get(a));
            }
    }

    /** Over {@code keys} and {@code values}, the F32 numbers of {@code kv}. */
    void forward(
            Tensor out,
            Tensor lse,
            Tensor q,
            KeyValues kv,
            Tensor keys,
            Tensor values,
            Tokens tokens,
            Scoring scoring) {
        int heads = q.shape().dim(1);
        int width = q.shape().dim(2);
        int keyHeads = kv.k().shape().dim(1);
        out.zero();
        for (int b = 0; b < tokens.sequences(); b++)
            for (int n = tokens.starts()[b]; n < tokens.starts()[b + 1]; n++)
                for (int h = 0; h < heads; h++) {
                    int first = scoring.first(tokens.positions()[n]);
                    int end = scoring.end(tokens.positions()[n], tokens.length(b));
                    long query = ((long) n * heads + h) * width;
                    double[] score = new double[end];
                    double max = Double.NEGATIVE_INFINITY;
                    for (int s = first; s < end; s++) {
                        long key = key(kv, b, s, h * keyHeads / heads);
                        score[s] =
                                capped(scoring.scale() * operands.product(q, query, keys, key, width), scoring.cap());
                        max = Math.max(max, score[s]);
                    }
                    double sum = 0;
                    for (int s = first; s < end; s++) sum += Math.exp(score[s] - max);
                    double l = max + Math.log(sum);
                    for (int i = 0; i < width; i++) {
                        double mixed = 0;
                        for (int s = first; s < end; s++)
                            mixed += operands.of(Math.exp(score[s] - l))
                                    * operands.of(values, key(kv, b, s, h * keyHeads / heads) + i);
                        out.set(query + i, (float) mixed);
                    }
                    lse.set((long) n * heads + h, (float) l);
                }
    }

    /** Dao et al. 2022 (arXiv 2205.14135), appendix B: the probabilities come back from the log-sum-exp. */
    void backward(
            Tensor toQ,
            Tensor toK,
            Tensor toV,
            Tensor dOut,
            Tensor out,
            Tensor lse,
            Tensor q,
            KeyValues kv,
            Tokens tokens,
            Scoring scoring) {
        int heads = q.shape().dim(1);
        int width = q.shape().dim(2);
        int keyHeads = kv.k().shape().dim(1);
        for (int b = 0; b < tokens.sequences(); b++)
            for (int n = tokens.starts()[b]; n < tokens.starts()[b + 1]; n++)
                for (int h = 0; h < heads; h++) {
                    long query = ((long) n * heads + h) * width;
                    double delta = ReferenceKernels.dot(dOut, query, out, query, width);
                    int end = scoring.end(tokens.positions()[n], tokens.length(b));
                    for (int s = scoring.first(tokens.positions()[n]); s < end; s++) {
                        long key = key(kv, b, s, h * keyHeads / heads);
                        double score =
                                capped(scoring.scale() * operands.product(q, query, kv.k(), key, width), scoring.cap());
                        double p = Math.exp(score - lse.get((long) n * heads + h));
                        double dScore = p * (operands.product(dOut, query, kv.v(), key, width) - delta);
                        if (scoring.cap() > 0) dScore *= 1 - score / scoring.cap() * (score / scoring.cap());
                        for (int i = 0; i < width; i++) {
                            ReferenceKernels.plus(toV, key + i, operands.of(p) * operands.of(dOut, query + i));
                            ReferenceKernels.plus(
                                    toQ,
                                    query + i,
                                    scoring.scale() * operands.of(dScore) * operands.of(kv.k(), key + i));
                            ReferenceKernels.plus(
                                    toK, key + i, scoring.scale() * operands.of(dScore) * operands.of(q, query + i));
                        }
                    }
                }
    }

    private static double capped(double score, float cap) {
        return cap > 0 ? cap * Math.tanh(score / cap) : score;
    }

    private static long key(KeyValues kv, int sequence, int position, int head) {
        int keyHeads = kv.k().shape().dim(1);
        return ((long) kv.row(sequence, position) * keyHeads + head)
                * kv.k().shape().dim(2);
    }
}
