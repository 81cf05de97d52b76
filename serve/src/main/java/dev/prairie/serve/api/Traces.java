package dev.prairie.serve.api;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The newest calls that asked to be traced, as JSON, in memory alone and as many as fit. They hold what users wrote. */
public final class Traces {
    /** The header by which a call asks for it, with the value {@code true}. */
    public static final String HEADER = "x-prairie-trace";

    private static final int MOST = 100;
    private static final long MOST_BYTES = 64L << 20;

    private final Map<String, byte[]> byId = new LinkedHashMap<>();
    private long bytes;

    /** The trace of the call of that id. */
    public synchronized Optional<byte[]> find(String id) {
        return Optional.ofNullable(byId.get(id)).map(byte[]::clone);
    }

    synchronized void add(String id, byte[] json) {
        byte[] before = byId.remove(id);
        bytes += json.length - (before == null ? 0 : before.length);
        byId.put(id, json);
        while (byId.size() > MOST || bytes > MOST_BYTES) {
            var oldest = byId.entrySet().iterator();
            bytes -= oldest.next().getValue().length;
            oldest.remove();
        }
    }
}
