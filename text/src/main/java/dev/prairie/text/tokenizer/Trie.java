package dev.prairie.text.tokenizer;

import java.util.Arrays;

/** A tree of code points whose nodes may hold a value: the pieces that begin at a place are met one after the other. */
final class Trie {
    /** The node that every text begins at. */
    static final int ROOT = 0;
    /** No node, no value. */
    static final int NONE = -1;

    private static final int CHARACTER_BITS = 21;

    /** Open addressing: parent and character plus one; zero is free. */
    private long[] keys = new long[1 << 10];

    private int[] children = new int[1 << 10];
    private int[] values = new int[1 << 9];
    private int nodes = 1;

    Trie() {
        values[ROOT] = NONE;
    }

    /** Sets the value of a text; a value that is there stays, and false is told. */
    boolean put(String text, int value) {
        int node = ROOT;
        for (int at = 0; at < text.length(); ) {
            int c = text.codePointAt(at);
            at += Character.charCount(c);
            node = childOrNew(node, c);
        }
        if (values[node] != NONE) {
            return false;
        }
        values[node] = value;
        return true;
    }

    /** The node behind a character, or {@link #NONE}. */
    int child(int node, int character) {
        int slot = slot(key(node, character));
        return keys[slot] == 0 ? NONE : children[slot];
    }

    /** The value of a node, or {@link #NONE}. */
    int value(int node) {
        return values[node];
    }

    private int childOrNew(int parent, int character) {
        long key = key(parent, character);
        int slot = slot(key);
        if (keys[slot] != 0) {
            return children[slot];
        }
        if (2 * nodes >= keys.length) {
            long[] oldKeys = keys;
            int[] oldChildren = children;
            keys = new long[2 * oldKeys.length];
            children = new int[2 * oldKeys.length];
            for (int i = 0; i < oldKeys.length; i++) {
                if (oldKeys[i] != 0) {
                    int free = slot(oldKeys[i]);
                    keys[free] = oldKeys[i];
                    children[free] = oldChildren[i];
                }
            }
            slot = slot(key);
        }
        if (nodes == values.length) {
            values = Arrays.copyOf(values, 2 * nodes);
        }
        values[nodes] = NONE;
        keys[slot] = key;
        children[slot] = nodes;
        return nodes++;
    }

    private static long key(int node, int character) {
        return ((long) node << CHARACTER_BITS | character) + 1;
    }

    private int slot(long key) {
        int slot = (int) ((key * 0x9E3779B97F4A7C15L) >>> 32) & (keys.length - 1);
        while (keys[slot] != 0 && keys[slot] != key) {
            slot = (slot + 1) & (keys.length - 1);
        }
        return slot;
    }
}
