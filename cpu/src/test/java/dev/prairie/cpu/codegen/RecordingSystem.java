package dev.prairie.cpu.codegen;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The real system, with a list of what was asked of it, and refusals on order. Nothing it refuses reaches the system. */
final class RecordingSystem implements SystemCalls {
    private final SystemCalls real = new Linux();
    private final boolean refuseMap;
    private final boolean refuseExecute;
    final List<String> asked = new ArrayList<>();

    /** Pages that are mapped now: address and size. */
    final Map<Long, Long> mapped = new TreeMap<>();

    RecordingSystem(boolean refuseMap, boolean refuseExecute) {
        this.refuseMap = refuseMap;
        this.refuseExecute = refuseExecute;
    }

    static RecordingSystem willing() {
        return new RecordingSystem(false, false);
    }

    @Override
    public long map(long bytes) {
        asked.add("map " + bytes);
        if (refuseMap) throw new Refused("mmap is refused by the system, error 12 (out of memory)");
        long at = real.map(bytes);
        mapped.put(at, bytes);
        return at;
    }

    @Override
    public void protect(long address, long bytes, int protection) {
        asked.add("protect " + bytes + " as " + protection);
        if (refuseExecute && (protection & 4) != 0)
            throw new Refused("mprotect to read and execute is refused by the system, error 13 (access denied)");
        real.protect(address, bytes, protection);
    }

    @Override
    public void unmap(long address, long bytes) {
        asked.add("unmap " + bytes);
        if (!mapped.remove(address, bytes)) throw new IllegalStateException("unmapped what was not mapped");
        real.unmap(address, bytes);
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
