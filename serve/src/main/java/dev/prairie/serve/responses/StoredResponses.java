package dev.prairie.serve.responses;

import dev.prairie.serve.api.Block;
import dev.prairie.text.template.Message;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The newest answers, in memory, for those who go on with one of them. Each belongs to the tenant that it was given to;
 * nobody else finds it. All of it may be called from many threads at once.
 */
final class StoredResponses {
    /**
     * An answer and what it answers.
     *
     * @param tenant   whose it is
     * @param response as it was sent
     * @param turns    the conversation until its end, instructions left out
     * @param items    the answer's own, by their ids
     * @param cost     bytes that it takes, about
     */
    record Stored(
            String tenant, Map<String, Object> response, List<Message> turns, Map<String, Block> items, long cost) {}

    private final int most;
    private final long bytes;
    private final Map<String, Stored> byId = new LinkedHashMap<>();
    private long taken;

    /** Keeps the newest {@code most} whose costs together are at most {@code bytes}. */
    StoredResponses(int most, long bytes) {
        this.most = most;
        this.bytes = bytes;
    }

    synchronized Optional<Stored> find(String tenant, String id) {
        return Optional.ofNullable(byId.get(id))
                .filter(stored -> stored.tenant().equals(tenant));
    }

    synchronized Optional<Block> item(String tenant, String id) {
        return byId.values().stream()
                .filter(stored ->
                        stored.tenant().equals(tenant) && stored.items().containsKey(id))
                .map(stored -> stored.items().get(id))
                .findFirst();
    }

    synchronized void put(String id, Stored stored) {
        if (stored.cost() > bytes) {
            return;
        }
        byId.put(id, stored);
        taken += stored.cost();
        Iterator<Stored> oldest = byId.values().iterator();
        while (byId.size() > most || taken > bytes) {
            taken -= oldest.next().cost();
            oldest.remove();
        }
    }

    /** Forgets it; false if it is not there. */
    synchronized boolean remove(String tenant, String id) {
        Optional<Stored> stored = find(tenant, id);
        stored.ifPresent(found -> {
            byId.remove(id);
            taken -= found.cost();
        });
        return stored.isPresent();
    }
}
