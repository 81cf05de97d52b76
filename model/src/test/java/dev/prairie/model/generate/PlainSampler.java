package dev.prairie.model.generate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/** What {@link Sampler} means, in the words of the papers: lists of tokens, sorted and cut, probabilities in double. */
final class PlainSampler {
    /** A token that is left, and its probability among those that are. */
    private record Token(int id, float logit, double p) {
        double surprise() {
            return -Math.log(p);
        }
    }

    private final Sampling sampling;
    private final SplittableRandom dice;
    private final Set<Integer> seen = new HashSet<>();
    private final Map<Integer, Integer> generated = new HashMap<>();

    PlainSampler(Sampling sampling, int... prompt) {
        this.sampling = sampling;
        dice = new SplittableRandom(sampling.seed());
        for (int id : prompt) seen.add(id);
    }

    int next(float[] logits, long @Nullable [] allowed) {
        List<Token> tokens = new ArrayList<>();
        for (int id = 0; id < logits.length; id++)
            if (allowed == null || (allowed[id / 64] >> (id % 64) & 1) == 1)
                tokens.add(new Token(id, changed(id, logits[id]), 0));
        tokens.sort(Comparator.comparingDouble((Token token) -> -token.logit()).thenComparingInt(Token::id));
        int id = sampling.temperature() == 0 ? tokens.getFirst().id() : drawn(tokens);
        seen.add(id);
        generated.merge(id, 1, Integer::sum);
        return id;
    }

    private float changed(int id, float logit) {
        logit += sampling.bias().getOrDefault(id, 0f);
        if (seen.contains(id))
            logit = logit > 0 ? logit / sampling.repetitionPenalty() : logit * sampling.repetitionPenalty();
        int times = generated.getOrDefault(id, 0);
        if (times > 0) logit -= sampling.presencePenalty() + times * sampling.frequencyPenalty();
        return logit;
    }

    /** Of tokens that are sorted by falling logit. */
    private int drawn(List<Token> tokens) {
        int k = sampling.topK() == 0 ? tokens.size() : Math.min(sampling.topK(), tokens.size());
        List<Token> left = normalised(tokens.subList(0, k));
        if (sampling.typicalP() < 1) {
            double entropy = left.stream()
                    .filter(token -> token.p() > 0)
                    .mapToDouble(token -> token.p() * token.surprise())
                    .sum();
            left = smallest(left, sampling.typicalP(), token -> Math.abs(token.surprise() - entropy));
        }
        if (sampling.topP() < 1) left = smallest(left, sampling.topP(), token -> -token.logit());
        double most = left.stream().mapToDouble(Token::p).max().orElseThrow();
        left = normalised(left.stream()
                .filter(token -> token.p() >= sampling.minP() * most)
                .sorted(Comparator.comparingInt(Token::id))
                .toList());
        double at = dice.nextDouble();
        for (Token token : left) {
            at -= token.p();
            if (at < 0) return token.id();
        }
        return left.getLast().id();
    }

    private List<Token> normalised(List<Token> tokens) {
        double largest = tokens.stream().mapToDouble(Token::logit).max().orElseThrow();
        double[] weights = tokens.stream()
                .mapToDouble(token -> Math.exp((token.logit() - largest) / sampling.temperature()))
                .toArray();
        double sum = DoubleStream.of(weights).sum();
        List<Token> normalised = new ArrayList<>();
        for (int i = 0; i < weights.length; i++)
            normalised.add(new Token(tokens.get(i).id(), tokens.get(i).logit(), weights[i] / sum));
        return normalised;
    }

    /** The first by {@code order}, and of equals by id, whose probabilities reach {@code share}. */
    private List<Token> smallest(List<Token> tokens, double share, ToDoubleFunction<Token> order) {
        List<Token> kept = new ArrayList<>();
        double reached = 0;
        for (Token token : tokens.stream()
                .sorted(Comparator.comparingDouble(order).thenComparingInt(Token::id))
                .toList()) {
            if (reached >= share) break;
            kept.add(token);
            reached += token.p();
        }
        return normalised(kept);
    }
}
