package dev.prairie.serve.engine;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who uses which block. A block is used by any number of sequences; one that nobody uses any more keeps what was computed in
 * it, and is found by its key, until it is the longest unused one and a new one is needed. Knows no memory and no tokens.
 */
final class BlockManager {
    private final int[] users;
    private final @Nullable BlockKey[] keys;
    private final Map<BlockKey, Integer> found = new HashMap<>();

    // Unused blocks in a ring through a head: those that go first are next after it. One more than there are blocks.
    private final int[] next;
    private final int[] previous;
    private final int head;
    private int unused;
    private int cached;

    BlockManager(int blocks) {
        users = new int[blocks];
        keys = new @Nullable BlockKey[blocks];
        next = new int[blocks + 1];
        previous = new int[blocks + 1];
        head = blocks;
        next[head] = head;
        previous[head] = head;
        for (int b = 0; b < blocks; b++) {
            insertBefore(head, b);
        }
    }

    int blocks() {
        return users.length;
    }

    /** Blocks that can be taken now: those that nobody uses. */
    int free() {
        return unused;
    }

    /** Of those, blocks that can still be found. */
    int cached() {
        return cached;
    }

    /** A block for one user, with anything in it. There must be a free one. */
    int take() {
        int b = next[head];
        if (b == head) {
            throw new IllegalStateException("blocks: all " + users.length + " are in use");
        }
        remove(b);
        BlockKey key = keys[b];
        if (key != null) {
            found.remove(key);
            keys[b] = null;
        }
        users[b] = 1;
        return b;
    }

    /** The block that was computed from what {@code key} says, with one user more; −1 if there is none. */
    int share(BlockKey key) {
        Integer b = found.get(key);
        if (b == null) {
            return -1;
        }
        if (users[b]++ == 0) {
            remove(b);
        }
        return b;
    }

    /** Whether {@link #share} would find one. */
    boolean holds(BlockKey key) {
        return found.containsKey(key);
    }

    /** Whether {@link #share} would find a block that nobody uses: taking it takes a free one. */
    boolean isUnused(BlockKey key) {
        Integer b = found.get(key);
        return b != null && users[b] == 0;
    }

    /** One user less. */
    void release(int b) {
        if (users[b] == 0) {
            throw new IllegalStateException("blocks: " + b + " is given back, but nobody uses it");
        }
        if (--users[b] == 0) {
            // One that cannot be found is worth nothing: it goes first.
            insertBefore(keys[b] == null ? next[head] : head, b);
        }
    }

    /** From now on the full block {@code b} can be found; if another with the same content can be already, that one is. */
    void publish(int b, BlockKey key) {
        if (keys[b] == null && found.putIfAbsent(key, b) == null) {
            keys[b] = key;
        }
    }

    private void insertBefore(int at, int b) {
        next[b] = at;
        previous[b] = previous[at];
        next[previous[at]] = b;
        previous[at] = b;
        unused++;
        cached += keys[b] == null ? 0 : 1;
    }

    private void remove(int b) {
        next[previous[b]] = next[b];
        previous[next[b]] = previous[b];
        unused--;
        cached -= keys[b] == null ? 0 : 1;
    }
}
