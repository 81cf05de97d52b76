package dev.prairie.cpu.codegen;

/** The real system, with a page on both sides of every mapping that nobody may touch: for the scratch memory of kernels. */
final class GuardedSystem implements SystemCalls {
    private static final long PAGE = 4096;

    private final SystemCalls real = new Linux();

    @Override
    public long map(long bytes) {
        long inner = inner(bytes);
        long at = real.map(inner + 2 * PAGE);
        real.protect(at, PAGE, NO_ACCESS);
        real.protect(at + PAGE + inner, PAGE, NO_ACCESS);
        return at + PAGE;
    }

    private static long inner(long bytes) {
        return Math.ceilDiv(bytes, PAGE) * PAGE;
    }

    @Override
    public void protect(long address, long bytes, int protection) {
        real.protect(address, bytes, protection);
    }

    @Override
    public void unmap(long address, long bytes) {
        real.unmap(address - PAGE, inner(bytes) + 2 * PAGE);
    }

    @Override
    public void preferLargePages(long address, long bytes) {
        real.preferLargePages(address, bytes);
    }

    @Override
    public boolean permitTiles() {
        return real.permitTiles();
    }
}
