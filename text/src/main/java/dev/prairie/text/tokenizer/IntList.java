package dev.prairie.text.tokenizer;

import java.util.Arrays;

/** A growing list of ints: ids on their way out of an encoder, places of a pair in the trainer. */
final class IntList {
    private int[] values;
    private int size;

    IntList(int capacity) {
        values = new int[Math.max(capacity, 4)];
    }

    void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, Math.addExact(size, size >> 1) + 4);
        }
        values[size++] = value;
    }

    void addAll(int[] more) {
        addAll(more, more.length);
    }

    void addAll(int[] more, int length) {
        if (values.length - size < length) {
            values = Arrays.copyOf(values, Math.max(Math.addExact(size, length), size + (size >> 1)));
        }
        System.arraycopy(more, 0, values, size, length);
        size += length;
    }

    int get(int index) {
        return values[index];
    }

    void set(int index, int value) {
        values[index] = value;
    }

    int size() {
        return size;
    }

    /** Leaves out all but the first {@code length} values. */
    void cutTo(int length) {
        size = length;
    }

    /** The values from an index on. */
    int[] toArray(int from) {
        return Arrays.copyOfRange(values, from, size);
    }

    int[] toArray() {
        return Arrays.copyOf(values, size);
    }
}
