package dev.prairie.serve.engine;

import dev.prairie.serve.engine.ModelRunner.Logits;
import dev.prairie.serve.engine.ModelRunner.Step;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Guesses what a smaller model with the same vocabulary finds likeliest. It has keys and values of its own, which follow the
 * sequences: what a sequence did not say after all is overwritten. Where its blocks do not suffice it guesses nothing.
 */
final class ModelDrafter implements Drafter {
    private static final Logger LOG = System.getLogger(ModelDrafter.class.getName());

    /** A sequence as the smaller model knows it. */
    private static final class Trace {
        private int[] fed = new int[64]; // the tokens whose keys and values it has
        private int count;
        private int[] blocks = {};

        void feed(int token) {
            if (count == fed.length) {
                fed = Arrays.copyOf(fed, 2 * count);
            }
            fed[count++] = token;
        }

        /** Forgets what the sequence did not say. */
        void follow(Sequence sequence) {
            int known = Math.min(count, sequence.length());
            int differs = Arrays.mismatch(fed, 0, known, sequence.tokens(), 0, known);
            // The last token is fed again: what follows it is what is asked for.
            count = Math.min(differs < 0 ? known : differs, sequence.length() - 1);
        }
    }

    private final LanguageModel model;
    private final ModelRunner runner;
    private final BlockManager manager;
    private final int batchTokens;
    private final Map<Long, Trace> traces = new HashMap<>();
    private final float[] logits;

    /**
     * @throws IllegalArgumentException if the two models do not have the same tokens
     */
    ModelDrafter(LanguageModel model, LanguageModel guessed, EngineConfig config) {
        if (model.vocabularySize() != guessed.vocabularySize()) {
            throw new IllegalArgumentException("draft model " + model.id() + ": it has " + model.vocabularySize()
                    + " tokens and " + guessed.id() + " has " + guessed.vocabularySize()
                    + "; give one of the same family");
        }
        this.model = model;
        runner = model.open(config);
        manager = new BlockManager(runner.blocks());
        batchTokens = config.batchTokens();
        logits = new float[model.vocabularySize()];
    }

    @Override
    public int[][] draft(List<Sequence> sequences, int[] most) {
        int[][] drafts = new int[most.length][0];
        try {
            List<Integer> asking = new ArrayList<>();
            for (int i = 0; i < most.length; i++) {
                if (most[i] > 0 && ready(sequences.get(i), most[i])) {
                    asking.add(i);
                }
            }
            for (int round = 0; !asking.isEmpty(); round++) {
                Logits computed = runner.run(step(sequences, drafts, asking));
                for (int m = 0; m < asking.size(); m++) {
                    computed.copy(m, logits);
                    int i = asking.get(m);
                    drafts[i] = Arrays.copyOf(drafts[i], round + 1);
                    drafts[i][round] = likeliest();
                }
                int done = round + 1;
                asking.removeIf(i -> done >= most[i]);
            }
        } catch (RuntimeException e) { // an answer does not depend on guesses
            LOG.log(Level.WARNING, "the draft model failed; going on without its guesses", e);
            return new int[most.length][0];
        }
        return drafts;
    }

    /** Whether there is room to follow this sequence and {@code most} guesses, and little enough to catch up with. */
    private boolean ready(Sequence sequence, int most) {
        Trace trace = traces.computeIfAbsent(sequence.id(), id -> new Trace());
        trace.follow(sequence);
        int end = sequence.length() + most;
        int wanted = Math.ceilDiv(end, runner.block()) - trace.blocks.length;
        if (end > model.contextLength() || manager.free() < wanted) {
            return false;
        }
        int had = trace.blocks.length;
        if (wanted > 0) {
            trace.blocks = Arrays.copyOf(trace.blocks, had + wanted);
            for (int i = 0; i < wanted; i++) {
                trace.blocks[had + i] = manager.take();
            }
        }
        if (sequence.length() - trace.count
                > batchTokens) { // a piece in a step, or all others would wait for a long prompt
            runner.run(step(List.of(sequence), new int[1][0], List.of(0), batchTokens));
            return false;
        }
        return true;
    }

    private Step step(List<Sequence> sequences, int[][] drafts, List<Integer> which) {
        return step(sequences, drafts, which, Integer.MAX_VALUE);
    }

    /** What the model does not have of some sequences and their guesses, at most so many tokens of each. */
    private Step step(List<Sequence> sequences, int[][] drafts, List<Integer> which, int most) {
        int n = which.size();
        long[] names = new long[n];
        int[][] blocks = new int[n][];
        int[] starts = new int[n + 1];
        int[] rows = new int[n];
        List<int[]> pieces = new ArrayList<>();
        int[] first = new int[n];
        for (int b = 0; b < n; b++) {
            Sequence sequence = sequences.get(which.get(b));
            int[] draft = drafts[which.get(b)];
            Trace trace = trace(sequence);
            first[b] = trace.count;
            int end = Math.min(sequence.length() + draft.length, first[b] + Math.min(most, 1 << 30));
            int[] piece = new int[end - first[b]];
            for (int i = 0; i < piece.length; i++) {
                int at = first[b] + i;
                piece[i] = at < sequence.length() ? sequence.token(at) : draft[at - sequence.length()];
                trace.feed(piece[i]);
            }
            pieces.add(piece);
            names[b] = sequence.id();
            blocks[b] = trace.blocks;
            starts[b + 1] = starts[b] + piece.length;
            rows[b] = starts[b + 1] - 1;
        }
        int[] ids = new int[starts[n]];
        int[] positions = new int[starts[n]];
        for (int b = 0; b < n; b++) {
            int[] piece = pieces.get(b);
            System.arraycopy(piece, 0, ids, starts[b], piece.length);
            for (int i = 0; i < piece.length; i++) {
                positions[starts[b] + i] = first[b] + i;
            }
        }
        return new Step(names, ids, positions, starts, blocks, new @Nullable String[n], rows);
    }

    private Trace trace(Sequence sequence) {
        return traces.computeIfAbsent(sequence.id(), id -> new Trace());
    }

    private int likeliest() {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    @Override
    public void forget(Sequence sequence) {
        Trace trace = traces.remove(sequence.id());
        if (trace != null) {
            for (int b : trace.blocks) {
                manager.release(b);
            }
        }
    }

    @Override
    public void close() {
        runner.close();
    }
}
