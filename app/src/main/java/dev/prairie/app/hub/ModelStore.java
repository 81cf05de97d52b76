package dev.prairie.app.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Models that were pulled: {@code models/OWNER/NAME} below Prairie's own folder.
 *
 * @param folder {@code models}
 */
public record ModelStore(Path folder) {
    /** The one below Prairie's own folder. */
    public static ModelStore of(Map<String, String> environment) {
        return new ModelStore(home(environment).resolve("models"));
    }

    /** Prairie's own folder: {@code PRAIRIE_HOME}, else {@code .prairie} in the user's home. */
    public static Path home(Map<String, String> environment) {
        String home = environment.getOrDefault("PRAIRIE_HOME", "");
        return home.isBlank() ? Path.of(System.getProperty("user.home"), ".prairie") : Path.of(home);
    }

    /** Where this model is, or would be. */
    public Path folder(ModelName model) {
        return folder.resolve(model.owner()).resolve(model.name());
    }

    /** The model, if it is here and whole. */
    public Optional<StoredModel> find(ModelName model) {
        return StoredModel.in(folder(model));
    }

    /**
     * The model.
     *
     * @throws HubException if it is not here
     */
    public StoredModel require(ModelName model) {
        return find(model).orElseThrow(() -> new HubException(absent(model)));
    }

    private String absent(ModelName model) {
        return Files.exists(folder(model))
                ? model.whole() + " is not here as a whole; finish it with prairie pull " + model
                : "no model " + model.whole() + " is here; get it with prairie pull " + model;
    }

    /** Models that are here and whole, by name. */
    public List<StoredModel> list() {
        List<StoredModel> found = new ArrayList<>();
        for (Path owner : folders(folder))
            for (Path name : folders(owner)) StoredModel.in(name).ifPresent(found::add);
        return found;
    }

    private static List<Path> folders(Path parent) {
        if (!Files.isDirectory(parent)) return List.of();
        try (Stream<Path> inside = Files.list(parent)) {
            return inside.filter(Files::isDirectory).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(parent + " cannot be read", e);
        }
    }

    /**
     * What to load for a model: its folder, where it is a Hugging Face folder; else its GGUF file, or the first part of it.
     *
     * @throws HubException if it is not here, or several files are and none is chosen
     */
    public Path path(ModelName model) {
        StoredModel stored = require(model);
        Path place = folder(model);
        List<String> files = stored.files().stream().map(StoredModel.File::path).toList();
        List<String> ggufs =
                files.stream().filter(f -> f.endsWith(".gguf")).sorted().toList();
        if (model.selector().isEmpty()) {
            if (files.contains("config.json") || files.isEmpty()) return place;
            Map<String, String> firsts = firsts(ggufs);
            if (firsts.size() == 1)
                return place.resolve(firsts.values().iterator().next());
            if (firsts.isEmpty()) return files.size() == 1 ? place.resolve(files.getFirst()) : place;
            throw new HubException(model.whole() + " has " + firsts.size() + " models here; choose one with "
                    + model.whole() + ":FILE: " + String.join(", ", firsts.keySet()));
        }
        String selector = model.selector().get();
        for (String file : files) if (file.equals(selector)) return place.resolve(file);
        List<String> tagged = firsts(ggufs).entrySet().stream()
                .filter(e -> e.getKey().equals(selector) || Selection.tagged(e.getKey(), selector))
                .map(Map.Entry::getValue)
                .toList();
        if (tagged.size() == 1) return place.resolve(tagged.getFirst());
        throw new HubException(model.whole() + " has no file '" + selector + "' here; get it with prairie pull " + model
                + ", here are: " + String.join(", ", files));
    }

    /** The first part of each model of one or several. */
    private static Map<String, String> firsts(List<String> sorted) {
        return sorted.stream()
                .collect(Collectors.toMap(Selection::whole, f -> f, (first, later) -> first, TreeMap::new));
    }

    /** Removes a model, whole or begun; its owner's folder too, once empty. */
    public void remove(ModelName model) {
        Path place = folder(model);
        if (!Files.exists(place)) throw new HubException(absent(model));
        try {
            Files.deleteIfExists(place.resolve(StoredModel.NAME)); // from here on it is not whole
            deleteTree(place);
            try (Stream<Path> rest = Files.list(place.getParent())) {
                if (rest.findAny().isPresent()) return;
            }
            Files.delete(place.getParent());
        } catch (IOException e) {
            throw new UncheckedIOException(place + " cannot be removed", e);
        }
    }

    static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root)) return;
        List<Path> all;
        try (Stream<Path> walk = Files.walk(root)) { // does not follow links
            all = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) Files.delete(path);
    }
}
