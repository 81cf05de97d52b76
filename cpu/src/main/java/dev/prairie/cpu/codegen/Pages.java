package dev.prairie.cpu.codegen;

/**
 * Scratch memory of kernels: one region for each slot, kept from call to call and grown when a call needs more. Straight
 * from the system, so that large regions lie on large pages. A slot belongs to one thread at a time; what it held before
 * is lost when it grows.
 */
final class Pages implements AutoCloseable {
    private static final long PAGE = 4096;
    private static final long LARGE = 2 << 20;

    private final SystemCalls system;
    private final long[] address;
    private final long[] bytes;

    Pages(SystemCalls system, int slots) {
        this.system = system;
        address = new long[slots];
        bytes = new long[slots];
    }

    /** The address of at least {@code needed} bytes, aligned to a page, with any content. */
    long take(int slot, long needed) {
        if (bytes[slot] < needed) {
            free(slot);
            long unit = needed >= LARGE / 4 ? LARGE : PAGE;
            long size = Math.ceilDiv(needed + needed / 4, unit) * unit;
            address[slot] = system.map(size);
            bytes[slot] = size;
            if (unit == LARGE) system.preferLargePages(address[slot], size);
        }
        return address[slot];
    }

    private void free(int slot) {
        if (bytes[slot] > 0) system.unmap(address[slot], bytes[slot]);
        bytes[slot] = 0;
    }

    @Override
    public void close() {
        for (int i = 0; i < bytes.length; i++) free(i);
    }
}
