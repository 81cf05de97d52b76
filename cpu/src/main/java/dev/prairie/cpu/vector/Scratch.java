package dev.prairie.cpu.vector;

import dev.prairie.tensor.Buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Memory that a kernel needs while it runs: one region for each slot, kept from call to call and grown when a call
 * needs more. A slot belongs to one thread at a time; what it held before is lost when it grows.
 */
public final class Scratch implements AutoCloseable {
    private final @Nullable Arena[] arenas;
    private final MemorySegment[] regions;
    private final long[] bytes;

    /** Nothing yet, for {@code slots} threads. */
    public Scratch(int slots) {
        arenas = new Arena[slots];
        regions = new MemorySegment[slots];
        Arrays.fill(regions, MemorySegment.NULL);
        bytes = new long[slots];
    }

    /** The address of at least {@code needed} bytes, aligned to a cache line, with any content. */
    long take(int slot, long needed) {
        return region(slot, needed).address();
    }

    /** At least {@code needed} bytes, aligned to a cache line, with any content. */
    public MemorySegment region(int slot, long needed) {
        if (bytes[slot] < needed) {
            free(slot);
            long size = Long.highestOneBit(Math.max(needed, 4096) - 1) << 1; // few sizes, so that it settles soon
            Arena arena = Arena.ofShared();
            arenas[slot] = arena;
            regions[slot] = Buffer.allocate(arena, size).segment();
            bytes[slot] = size;
        }
        return regions[slot];
    }

    private void free(int slot) {
        Arena old = arenas[slot];
        arenas[slot] = null;
        bytes[slot] = 0;
        if (old != null) old.close();
    }

    @Override
    public void close() {
        for (int i = 0; i < arenas.length; i++) free(i);
    }
}
