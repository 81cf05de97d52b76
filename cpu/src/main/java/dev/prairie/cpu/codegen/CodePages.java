package dev.prairie.cpu.codegen;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory that holds machine code: written first, then made executable, and never both at once. Whoever opens it closes
 * it; its kernels must not be called afterwards.
 */
public final class CodePages implements AutoCloseable {
    private static final long PAGE = 4096;

    private record Range(long address, long bytes) {}

    private final SystemCalls system;
    private final List<Range> ranges = new ArrayList<>();

    CodePages(SystemCalls system) {
        this.system = system;
    }

    /** Makes a function out of {@code code}; {@link SystemCalls.Refused} where code pages are forbidden. */
    @SuppressWarnings("restricted") // the pages are ours, and as large as we say
    public Kernel add(byte[] code) {
        long bytes = Math.ceilDiv(Math.max(code.length, 1), PAGE) * PAGE;
        long at = system.map(bytes);
        ranges.add(new Range(at, bytes));
        MemorySegment pages = MemorySegment.ofAddress(at).reinterpret(bytes);
        pages.asSlice(0, code.length).copyFrom(MemorySegment.ofArray(code));
        try {
            system.protect(at, bytes, SystemCalls.READ_EXECUTE);
        } catch (SystemCalls.Refused e) {
            ranges.removeLast();
            system.unmap(at, bytes);
            throw e;
        }
        return new Kernel(MemorySegment.ofAddress(at));
    }

    @Override
    public void close() {
        for (Range r : ranges) system.unmap(r.address, r.bytes);
        ranges.clear();
    }
}
