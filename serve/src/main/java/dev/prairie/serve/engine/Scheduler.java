package dev.prairie.serve.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * Decides who takes part in the next step, and with how many tokens: first those that are answering, a token each and what
 * is guessed ahead; then prompts, in pieces, as far as the step has room; then those that wait, as far as there are blocks. If
 * blocks run out, the one that came last gives its own up and is computed again later.
 */
final class Scheduler {
    private static final int[] NONE = {};

    private final EngineConfig config;
    private final AdmissionQueue queue;
    private final BlockManager blocks;
    private final int block;
    private final Drafter drafter;
    private final int rowLimit;
    private final List<Sequence> running = new ArrayList<>(); // in the order in which they were admitted
    private long preemptions;
    private long cachedTokens;

    /**
     * @param block    positions in a block
     * @param rowLimit logits that a step may have, at most: of a prompt that is scored, all are wanted
     */
    Scheduler(
            EngineConfig config, AdmissionQueue queue, BlockManager blocks, int block, Drafter drafter, int rowLimit) {
        this.config = config;
        this.queue = queue;
        this.blocks = blocks;
        this.block = block;
        this.drafter = drafter;
        this.rowLimit = rowLimit;
    }

    List<Sequence> running() {
        return running;
    }

    long preemptions() {
        return preemptions;
    }

    long cachedTokens() {
        return cachedTokens;
    }

    /** Who takes part in the next step; nobody if nothing can be done. */
    List<Sequence> next() {
        List<Sequence> step = new ArrayList<>();
        int used = 0;
        List<Sequence> answering = new ArrayList<>(running);
        answering.removeIf(sequence -> !sequence.decoding());
        int[][] drafts =
                drafter.draft(answering, answering.stream().mapToInt(this::room).toArray());
        for (int i = 0; i < answering.size(); i++) {
            Sequence sequence = answering.get(i);
            int[] draft = drafts[i];
            if (running.contains(sequence) && makeRoom(sequence, 1 + draft.length, step)) {
                sequence.schedule(1, draft);
                step.add(sequence);
                used += 1 + draft.length;
            }
        }
        int budget = step.isEmpty() ? config.batchTokens() : used + config.besideTokens();
        for (Sequence sequence : List.copyOf(running)) {
            if (!sequence.decoding() && used < budget && running.contains(sequence)) {
                used += prefill(sequence, budget - used, step);
            }
        }
        while (used < budget && running.size() < config.sequences()) {
            Sequence first = queue.peek();
            if (first == null || !admit(first)) {
                break;
            }
            queue.remove();
            running.add(first);
            used += prefill(first, budget - used, step);
        }
        return step;
    }

    /** Tokens that may be guessed: one less than it may still say, for the step itself gives one. */
    private int room(Sequence sequence) {
        int said = sequence.length() - sequence.request().prompt().length;
        return Math.min(config.drafts(), sequence.request().maxTokens() - said - 1);
    }

    private int prefill(Sequence sequence, int budget, List<Sequence> step) {
        int count = Math.min(budget, sequence.remaining());
        if (sequence.request().promptScores()) {
            count = Math.min(count, rowLimit);
        }
        if (!makeRoom(sequence, count, step)) {
            return 0;
        }
        sequence.schedule(count, NONE);
        step.add(sequence);
        return count;
    }

    /** Finds what is computed of its tokens, if there are blocks for the rest of them and one to grow into. */
    private boolean admit(Sequence sequence) {
        int known = sequence.length();
        List<BlockKey> shared = new ArrayList<>();
        Output output = sequence.output();
        boolean scored = output == null ? sequence.request().promptScores() : output.scoresPrompt();
        int unused = 0;
        if ((config.prefixCache() || sequence.request().choices() > 1) && !scored) {
            // The last token is computed in any case: its logits are what comes next.
            for (int i = 0; (i + 1) * block < known; i++) {
                BlockKey key = sequence.key(i, block);
                if (!blocks.holds(key)) {
                    break;
                }
                unused += blocks.isUnused(key) ? 1 : 0;
                shared.add(key);
            }
        }
        int wanted = Math.ceilDiv(known + 1, block) - shared.size() + unused;
        if (blocks.free() < wanted + (running.isEmpty() ? 0 : running.size() / 8)) {
            return false;
        }
        sequence.found(shared.stream().mapToInt(blocks::share).toArray(), shared.size() * block);
        cachedTokens += sequence.computed();
        return true;
    }

    /** Sees to it that {@code count} more positions have blocks, at the cost of those that came later, itself included. */
    private boolean makeRoom(Sequence sequence, int count, List<Sequence> step) {
        int wanted = Math.ceilDiv(sequence.computed() + count, block) - sequence.blockCount();
        while (blocks.free() < wanted) {
            Sequence last = running.getLast();
            preempt(last);
            step.remove(last);
            if (last == sequence) {
                return false;
            }
        }
        for (int i = 0; i < wanted; i++) {
            sequence.add(blocks.take());
        }
        return true;
    }

    private void preempt(Sequence sequence) {
        release(sequence);
        queue.putBack(List.of(sequence));
        preemptions++;
    }

    /** It is over: its blocks are free, and those that waited for its prompt need not any more. */
    void end(Sequence sequence) {
        release(sequence);
        follow(sequence);
    }

    private void release(Sequence sequence) {
        running.remove(sequence);
        sequence.unschedule();
        sequence.releaseBlocks(blocks);
        drafter.forget(sequence);
    }

    /** Its prompt is computed: the other choices find it. */
    void follow(Sequence sequence) {
        List<Sequence> followers = sequence.releaseFollowers();
        if (!followers.isEmpty()) {
            queue.putBack(followers);
        }
    }

    /** The step has run: {@code positions} more of this sequence are right, and whole blocks of them can be found. */
    void advance(Sequence sequence, int positions) {
        sequence.advance(positions);
        sequence.unschedule();
        if (config.prefixCache() || sequence.request().choices() > 1) {
            sequence.publish(blocks, block);
        }
    }
}
