package dev.prairie.app.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What was pulled, as {@code prairie-pull.json} in the model's folder says: written last, so that a folder with it is whole.
 *
 * @param model    {@code OWNER/NAME}
 * @param source   address of the hub
 * @param revision as it was asked for
 * @param files    all that are here
 */
public record StoredModel(String model, String source, String revision, List<File> files) {
    /**
     * A file.
     *
     * @param path   inside the folder
     * @param size   in bytes
     * @param sha256 as it arrived
     */
    public record File(String path, long size, String sha256) {}

    static final String NAME = "prairie-pull.json";

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    /** Sum of the files. */
    public long bytes() {
        return files.stream().mapToLong(File::size).sum();
    }

    /** Of this folder; empty if it holds none that is whole. */
    static Optional<StoredModel> in(Path folder) {
        Path file = folder.resolve(NAME);
        if (!Files.exists(file)) return Optional.empty();
        try {
            StoredModel read = JSON.readValue(Files.readAllBytes(file), StoredModel.class);
            if (read.model() != null
                    && read.source() != null
                    && read.revision() != null
                    && read.files() != null
                    && read.files().stream().allMatch(f -> f != null && f.path() != null && f.sha256() != null))
                return Optional.of(read);
        } catch (IOException | JacksonException unreadable) {
            // said below
        }
        throw new HubException(file + " cannot be read; pull the model again, or remove " + folder);
    }

    void write(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        Path fresh = folder.resolve(NAME + ".new");
        Files.write(fresh, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this));
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** This with files in place of those of the same paths. */
    StoredModel with(String newSource, String newRevision, List<File> fresh) {
        var all = new TreeMap<String, File>();
        files.forEach(f -> all.put(f.path(), f));
        fresh.forEach(f -> all.put(f.path(), f));
        return new StoredModel(model, newSource, newRevision, new ArrayList<>(all.values()));
    }
}
