package dev.prairie.cpu.codegen;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The parameters of a call of a {@link Program}'s function: filled one after the other, in the order of their
 * declaration, then called. One for each thread; nothing is allocated by a call.
 */
final class Frame {
    private static final int SLOTS = 32;

    private final MemorySegment slots;
    private final long address;
    private int filled;

    private Frame(MemorySegment slots) {
        this.slots = slots;
        this.address = slots.address();
    }

    /** Frames for {@code workers} threads, cache lines apart. */
    static Frame[] forWorkers(Arena arena, int workers) {
        Frame[] frames = new Frame[workers];
        for (int i = 0; i < workers; i++) frames[i] = new Frame(arena.allocate(SLOTS * 8L, 64));
        return frames;
    }

    Frame put(long value) {
        slots.setAtIndex(ValueLayout.JAVA_LONG, filled++, value);
        return this;
    }

    Frame put(float value) {
        slots.set(ValueLayout.JAVA_FLOAT, 8L * filled++, value);
        return this;
    }

    void call(Kernel kernel) {
        filled = 0;
        kernel.call(address);
    }
}
