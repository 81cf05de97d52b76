package dev.prairie.app;

import dev.prairie.app.hub.ModelName;
import dev.prairie.app.hub.ModelStore;
import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.tensor.device.Device;
import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A model from disk with its tokenizer and the device it runs on: a run's folder or its name, a Hugging Face folder, a
 * safetensors file, a llama2.c file, or a model that was pulled, by its name on the hub.
 */
record LoadedModel(ServedModel model, Device device, Arena arena) implements AutoCloseable {

    /** Opens what {@code given} names; closing gives back weights and device. */
    static LoadedModel open(Path given, @Nullable Path tokenizerFile, DeviceOptions devices) {
        Path path = resolve(given);
        Path name = path.endsWith("model") && path.getParent() != null ? path.getParent() : path;
        Tokenizer tokenizer = Tokenizer.load(tokenizerFile != null ? tokenizerFile : tokenizerOf(path));
        Arena arena = Arena.ofShared();
        try {
Checkpoint checkpoint = Checkpoint.load(path, arena).floats(arena);
            Device device = devices.open();
            var transformer = checkpoint.transformer(device.kernels(), arena);
            String id = String.valueOf(name.toAbsolutePath().normalize().getFileName());
            return new LoadedModel(new ServedModel(id, transformer, tokenizer, device.kernels()), device, arena);
        } catch (IOException failure) {
            arena.close();
            throw new UncheckedIOException(path + " cannot be read", failure);
        } catch (RuntimeException failure) {
            arena.close();
            throw failure;
        }
    }

    static Path resolve(Path given) {
        for (Path place : List.of(given, Paths.RUNS.resolve(given))) {
            if (Files.exists(place.resolve("run.json"))) {
                if (!Files.exists(place.resolve("model/model.safetensors")))
                    throw new UserException("the run " + place + " has written no model yet; let it finish, or stop it"
                            + " with Ctrl-C, which saves one");
                return place.resolve("model");
            }
            if (Files.exists(place)) return place;
        }
        if (ModelName.fits(given.toString())) {
            ModelStore store = ModelStore.of(System.getenv());
            ModelName pulled = ModelName.of(given.toString());
            if (Files.exists(store.folder(pulled))) return store.path(pulled);
        }
        throw new UserException(
                "no model at " + given + "; give a run's folder, a Hugging Face folder, a .safetensors or"
                        + " a llama2.c .bin file, or get one with prairie pull OWNER/NAME" + knownRuns());
    }

    private static String knownRuns() {
        String none = ", or train one with prairie quickstart";
        if (!Files.isDirectory(Paths.RUNS)) return none;
        try (Stream<Path> runs = Files.list(Paths.RUNS)) {
            List<String> names = runs.filter(r -> Files.exists(r.resolve("model/model.safetensors")))
                    .map(Path::toString)
                    .sorted()
                    .toList();
            return names.isEmpty() ? none : "; trained here: " + String.join(", ", names);
        } catch (IOException unreadable) {
            return none;
        }
    }

    private static Path tokenizerOf(Path model) {
        Path folder = Files.isDirectory(model)
                ? model
                : Optional.ofNullable(model.toAbsolutePath().getParent()).orElse(model);
        for (String usual : List.of("tokenizer.json", "tokenizer.bin"))
            if (Files.exists(folder.resolve(usual))) return folder.resolve(usual);
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> found = files.filter(f -> f.getFileName().toString().matches("tok.*\\.bin"))
                    .toList();
            if (found.size() == 1) return found.getFirst();
        } catch (IOException unreadable) {
            // said below
        }
        throw new UserException("no tokenizer beside " + model + "; name one with --tokenizer FILE (tokenizer.json, or"
                + " llama2.c's tokenizer.bin)");
    }

    @Override
    public void close() {
        device.close();
        arena.close();
    }
}
