package dev.prairie.serve.resident;

import java.util.List;

/**
 * A model that can be loaded.
 *
 * @param id       the name that clients use
 * @param created  when it came to be here, in seconds since 1970
 * @param adapters names of adapters that it is loaded with, each of which can be asked for like a model
 * @param loader   brings it into memory, each time anew
 */
public record ModelSource(String id, long created, List<String> adapters, Loader loader) {
    /** Brings a model into memory, or fails with an exception whose message says what is wrong with it. */
    @FunctionalInterface
    public interface Loader {
        Resident load();
    }

    public ModelSource {
        adapters = List.copyOf(adapters);
    }
}
