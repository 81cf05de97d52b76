package dev.prairie.serve.engine;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sequences that take part in a step, packed as the runner wants them, and the row with which each one's logits begin. */
record Batch(ModelRunner.Step step, int[] firstRows) {
    static Batch of(List<Sequence> sequences) {
        int count = 0;
        for (Sequence s : sequences) {
            count += s.scheduled() + s.draft().length;
        }
        long[] names = new long[sequences.size()];
        int[] ids = new int[count];
        int[] positions = new int[count];
        int[] starts = new int[sequences.size() + 1];
        int[][] blocks = new int[sequences.size()][];
        @Nullable String[] adapters = new @Nullable String[sequences.size()];
        int[] rows = new int[count];
        int[] firstRows = new int[sequences.size()];
        int n = 0;
        int m = 0;
        for (int b = 0; b < sequences.size(); b++) {
            Sequence s = sequences.get(b);
            names[b] = s.id();
            blocks[b] = s.blocks();
            adapters[b] = s.request().adapter();
            firstRows[b] = m;
            int prompt = s.request().prompt().length;
            boolean scores = s.started().scoresPrompt();
            for (int i = 0; i < s.scheduled() + s.draft().length; i++, n++) {
                int at = s.computed() + i;
                boolean known = i < s.scheduled();
                ids[n] = known ? s.token(at) : s.draft()[i - s.scheduled()];
                positions[n] = at;
                boolean next = s.completes() && i >= s.scheduled() - 1;
                if (next || (scores && at + 1 < prompt)) {
                    rows[m++] = n;
                }
            }
            starts[b + 1] = n;
        }
        int[] wanted = Arrays.copyOf(rows, m);
        return new Batch(new ModelRunner.Step(names, ids, positions, starts, blocks, adapters, wanted), firstRows);
    }

    int firstRow(int b) {
        return firstRows[b];
    }
}
