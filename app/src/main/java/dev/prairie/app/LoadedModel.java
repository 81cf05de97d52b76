package dev.prairie.app;

import dev.prairie.app.hub.ModelName;
import dev.prairie.app.hub.ModelStore;
import dev.prairie.model.checkpoint.AdapterFile;
import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.checkpoint.Gguf;
import dev.prairie.model.checkpoint.GgufModel;
import dev.prairie.model.transformer.Adapter;
import dev.prairie.model.transformer.HeadForm;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.tensor.device.Device;
import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A model from disk with its tokenizer: a run's folder or its name, a GGUF file, a Hugging Face folder, a safetensors file, a
 * llama2.c file, or a model that was pulled, by its name on the hub.
 *
 * @param alone whether the device was opened for this model alone
 */
record LoadedModel(ServedModel model, ChatFormat chat, Arena arena, Device device, boolean alone)
        implements AutoCloseable {

    /** Opens what {@code given} names, and a device for it; closing gives back weights and device. */
    static LoadedModel open(Path given, @Nullable Path tokenizerFile, DeviceOptions devices, CacheOptions cache) {
        return open(given, tokenizerFile, Map.of(), devices, cache);
    }

    /** The same with adapters, by the names that they are asked for by. */
    static LoadedModel open(
            Path given,
            @Nullable Path tokenizerFile,
            Map<String, Path> adapters,
            DeviceOptions devices,
            CacheOptions cache) {
        Path path = resolve(given);
        Device device = devices.open();
        try {
            LoadedModel loaded = on(device, Paths.name(path), path, tokenizerFile, adapters, cache);
            return new LoadedModel(loaded.model, loaded.chat, loaded.arena, device, true);
        } catch (RuntimeException failure) {
            device.close();
            throw failure;
        }
    }

    /** Opens the model at {@code path}, on a device that others may use too; closing gives back the weights. */
    static LoadedModel on(
            Device device,
            String id,
            Path path,
            @Nullable Path tokenizerFile,
            Map<String, Path> adapters,
            CacheOptions cache) {
        Arena arena = Arena.ofShared();
        try {
            // What is in the file itself is read from it once: a vocabulary has some hundred thousand pieces.
            Optional<Gguf> inside = Gguf.is(path) ? Optional.of(Gguf.open(path, arena)) : Optional.empty();
            Tokenizer tokenizer = tokenizerFile == null && inside.isPresent()
                    ? ModelTokenizer.of(inside.get())
                    : ModelTokenizer.of(tokenizerFile != null ? tokenizerFile : path);
            ChatFormat chat = ModelChat.of(path, inside);
            Checkpoint loaded = inside.isPresent() ? GgufModel.load(inside.get(), arena) : Checkpoint.load(path, arena);
            Checkpoint checkpoint = cache.limited(loaded);
            var base = checkpoint.transformer(device.kernels(), arena);
            var transformer = base.withAdapters(adapters(adapters, base, device, arena));
            var model = new ServedModel(
                    id, transformer, tokenizer, device.kernels(), cache.type(), Set.copyOf(checkpoint.end()));
            return new LoadedModel(model, chat, arena, device, false);
        } catch (IOException failure) {
            arena.close();
            throw new UncheckedIOException(path + " cannot be read", failure);
        } catch (RuntimeException | OutOfMemoryError failure) {
            arena.close();
            throw failure;
        }
    }

    /** Each read, brought into the form that suits the base, and its file left alone again. */
    private static List<Adapter> adapters(Map<String, Path> files, Transformer base, Device device, Arena arena)
            throws IOException {
        var adapters = new ArrayList<Adapter>();
        for (var file : files.entrySet())
            try (Arena until = Arena.ofShared()) {
                adapters.add(AdapterFile.load(file.getValue(), file.getKey(), base.config(), until)
                        .beside(base, device.kernels(), arena));
            }
        return adapters;
    }

    /** Whether it makes vectors of texts and continues none. */
    boolean encodes() {
        return model.transformer().config().head().kind() == HeadForm.Kind.NONE;
    }

    /** The file or folder that is meant: a path, or the name of a run. */
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
        throw new UserException("no model at " + given + "; give a run's folder, a GGUF file, a Hugging Face folder, a"
                + " .safetensors or a llama2.c .bin file, or get one with prairie pull OWNER/NAME" + knownRuns());
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

    @Override
    public void close() {
        if (alone) device.close();
        arena.close();
    }
}
