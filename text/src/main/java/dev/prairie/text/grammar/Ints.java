package dev.prairie.text.grammar;

import java.util.Arrays;

/** A growing list of ints, as every table in here is while it grows. */
final class Ints {
    private int[] values = new int[8];
    private int size;

    void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, 2 * size);
        }
        values[size++] = value;
    }

    void add(int a, int b) {
        add(a);
        add(b);
    }

    void add(int a, int b, int c) {
        add(a);
        add(b);
        add(c);
    }

    int get(int index) {
        return values[index];
    }

    int removeLast() {
        return values[--size];
    }

    int size() {
        return size;
    }

    void clear() {
        size = 0;
    }

    int[] toArray() {
        return Arrays.copyOf(values, size);
    }
}
