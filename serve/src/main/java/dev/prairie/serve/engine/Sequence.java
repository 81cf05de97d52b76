package dev.prairie.serve.engine;

import dev.prairie.model.generate.Sampling;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One choice of a request on its way: its tokens, how many of them are computed, and the blocks in which their keys and
 * values are. Only the engine's thread touches it, but for {@link #cancel}.
 */
final class Sequence {
    private static final int[] NONE = {};

    private final long id;
    private final Request request;
    private final int choice;
    private final int index;
    private final Event.Listener listener;
    private final BlockKey root;
    private volatile boolean cancelled;

    private int[] tokens;
    private int length; // tokens known: the prompt and what was sampled
    private int computed; // of them, those whose keys and values are in the blocks
    private int[] blocks = new int[8];
    private int blockCount;
    private BlockKey[] keys = new BlockKey[8]; // of the full blocks whose tokens are known
    private int keyCount;
    private int published;

    private int scheduled; // tokens to compute in this step
    private int[] draft = NONE; // guesses that follow the last token in this step
    private volatile List<Sequence> followers = List.of();
    private @Nullable Output output;

    /**
     * @param id     a name of its own
     * @param choice the number of the choice among those of one prompt: added to the seed
     * @param index  the number of the choice that the listener hears
     */
    Sequence(long id, Request request, int choice, int index, Event.Listener listener) {
        this.id = id;
        this.request = request;
        this.choice = choice;
        this.index = index;
        this.listener = listener;
        this.tokens = request.prompt();
        this.length = tokens.length;
        this.root = BlockKey.root(request.tenant(), request.adapter());
    }

    // ---- whose it is -------------------------------------------------------------------------------------------

    long id() {
        return id;
    }

    Request request() {
        return request;
    }

    Sampling sampling() {
        return request.sampling().withSeed(request.sampling().seed() + choice);
    }

    void cancel() {
        cancelled = true;
    }

    boolean cancelled() {
        return cancelled;
    }

    void emit(Event event) {
        listener.on(index, event);
    }

    /** Other choices of the same prompt, which begin when it is computed. */
    void followedBy(List<Sequence> others) {
        followers = others;
    }

    /** How many choices wait with it, itself included. */
    int choices() {
        return 1 + followers.size();
    }

    /** The followers, which from now on go their own way. */
    List<Sequence> releaseFollowers() {
        List<Sequence> released = followers;
        followers = List.of();
        return released;
    }

    /** What it says; null before it has begun. */
    @Nullable
    Output output() {
        return output;
    }

    /** What it says, now that it has begun. */
    Output started() {
        if (output == null) {
            throw new IllegalStateException("sequence " + id + " has not begun");
        }
        return output;
    }

    void begin(Output first) {
        output = first;
    }

    // ---- tokens ------------------------------------------------------------------------------------------------

    /** Tokens known, computed or not. */
    int length() {
        return length;
    }

    int computed() {
        return computed;
    }

    /** Known tokens that are not computed. */
    int remaining() {
        return length - computed;
    }

    /** Whether its prompt is computed, so that each step gives it a token. */
    boolean decoding() {
        return remaining() == 1 && length > request.prompt().length;
    }

    int token(int position) {
        return tokens[position];
    }

    /** All known tokens, in an array that may be longer. */
    int[] tokens() {
        return tokens;
    }

    void append(int token) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, length + (length >> 1) + 16);
        }
        tokens[length++] = token;
    }

    // ---- this step ---------------------------------------------------------------------------------------------

    /** To compute the next {@code tokens} in this step, and the guesses after them if these are all that are known. */
    void schedule(int count, int[] guesses) {
        scheduled = count;
        draft = guesses;
    }

    void unschedule() {
        schedule(0, NONE);
    }

    int scheduled() {
        return scheduled;
    }

    int[] draft() {
        return draft;
    }

    /** Whether this step computes the last known token, so that another can be sampled. */
    boolean completes() {
        return computed + scheduled == length;
    }

    /** The step has run: {@code count} more positions are right. */
    void advance(int count) {
        computed += count;
    }

    // ---- blocks ------------------------------------------------------------------------------------------------

    /** The blocks of its positions, in order. */
    int[] blocks() {
        return Arrays.copyOf(blocks, blockCount);
    }

    int blockCount() {
        return blockCount;
    }

    void add(int block) {
        if (blockCount == blocks.length) {
            blocks = Arrays.copyOf(blocks, 2 * blockCount);
        }
        blocks[blockCount++] = block;
    }

    /** Takes over blocks that were found computed: they hold its first positions. */
    void found(int[] shared, int positions) {
        for (int b : shared) {
            add(b);
        }
        published = shared.length;
        computed = positions;
    }

    /** Gives up its blocks; what is known stays. */
    void releaseBlocks(BlockManager manager) {
        for (int i = blockCount - 1; i >= 0; i--) { // ends go first: beginnings are found more often
            manager.release(blocks[i]);
        }
        blockCount = 0;
        published = 0;
        computed = 0;
    }

    /** The key of its i-th block, all of whose {@code size} tokens must be known. */
    BlockKey key(int i, int size) {
        while (keyCount <= i) {
            if (keyCount == keys.length) {
                keys = Arrays.copyOf(keys, 2 * keyCount);
            }
            BlockKey before = keyCount == 0 ? root : keys[keyCount - 1];
            keys[keyCount] = before.next(tokens, keyCount * size, (keyCount + 1) * size);
            keyCount++;
        }
        return keys[i];
    }

    /** Lets others find the blocks that have become full. */
    void publish(BlockManager manager, int size) {
        for (; (published + 1) * size <= computed; published++) {
            manager.publish(blocks[published], key(published, size));
        }
    }
}
