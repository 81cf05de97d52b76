package dev.prairie.app;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.EngineConfig;
import dev.prairie.serve.engine.EngineStats;
import dev.prairie.serve.resident.Encoder;
import dev.prairie.serve.resident.Lease;
import dev.prairie.serve.resident.ModelCard;
import dev.prairie.serve.resident.ModelSource;
import dev.prairie.serve.resident.ModelUnavailableException;
import dev.prairie.serve.resident.Models;
import dev.prairie.serve.resident.ModelsOnDemand;
import dev.prairie.serve.resident.Resident;
import dev.prairie.tensor.device.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The models of a server, all on one device. The first is loaded from the beginning, so that what is wrong with it is said
 * at once. Closing gives back all of them, and then the device.
 */
record OpenModels(Models models, Device device, boolean firstGenerates) implements AutoCloseable {
    /** A model on disk, and what clients call it. */
    record Named(String name, Path path) {}

    /** One model, which stays. */
    static OpenModels of(Path given, DeviceOptions devices) {
        Path path = LoadedModel.resolve(given);
        return of(
                List.of(new Named(Paths.name(path), path)),
                null,
                Map.of(),
                ModelsOnDemand.NEVER,
                devices,
                new CacheOptions(),
                new EngineOptions());
    }

    /**
     * All of {@code named}, each unloaded when nobody has asked for it for {@code idle}.
     *
     * @param adapters of the first, by the names that clients use
     */
    static OpenModels of(
            List<Named> named,
            @Nullable Path tokenizer,
            Map<String, Path> adapters,
            Duration idle,
            DeviceOptions devices,
            CacheOptions cache,
            EngineOptions engine) {
        EngineConfig config = engine.config();
        Device device = devices.open();
        try {
            List<ModelSource> sources = named.stream()
                    .map(model -> new ModelSource(
                            model.name(),
                            created(model.path()),
                            List.copyOf(of(model, named, adapters).keySet()),
                            () -> load(
                                    device,
                                    model,
                                    tokenizer,
                                    of(model, named, adapters),
                                    cache,
                                    config,
                                    model.equals(named.getFirst()) ? engine.draftModel() : null)))
                    .toList();
            Models models = ModelsOnDemand.of(sources, idle);
            return new OpenModels(models, device, firstGenerates(models));
        } catch (RuntimeException failure) {
            device.close();
            throw failure;
        }
    }

    private static Map<String, Path> of(Named model, List<Named> all, Map<String, Path> adapters) {
        return model.equals(all.getFirst()) ? adapters : Map.of();
    }

    private static boolean firstGenerates(Models models) {
        try (Lease first = models.lease(models.first().id()).orElseThrow()) {
            return first.generates();
        } catch (ModelUnavailableException failure) {
            models.close();
            throw failure.getCause() instanceof RuntimeException cause ? cause : failure;
        }
    }

    private static Resident load(
            Device device,
            Named named,
            @Nullable Path tokenizer,
            Map<String, Path> adapters,
            CacheOptions cache,
            EngineConfig config,
            @Nullable Path draftModel) {
        LoadedModel loaded = LoadedModel.on(device, named.name(), named.path(), tokenizer, adapters, cache);
        LoadedModel draft = null;
        var model = loaded.model();
        try {
            var terminal = new Terminal();
            if (loaded.encodes()) {
                terminal.note(named.name() + ": makes vectors, of texts of up to " + model.contextLength() + " tokens");
                return Resident.of(new Encoder(model.transformer(), model.kernels()), model.tokenizer(), loaded::close);
            }
            if (draftModel != null) {
                Path path = LoadedModel.resolve(draftModel);
                draft = LoadedModel.on(device, Paths.name(path), path, null, Map.of(), cache);
            }
            var engine = new Engine(model, config, draft == null ? null : draft.model());
            EngineStats room = engine.stats();
            long positions = (long) room.blocks() * room.blockTokens();
            terminal.note(String.format(
                    Locale.ROOT,
                    "%s: context %,d tokens; keys and values of %,d tokens in all, %,d MB",
                    named.name(),
                    model.contextLength(),
                    positions,
                    (positions * model.transformer().config().kvBytesPerPosition(cache.type()) + 999_999) / 1_000_000));
            LoadedModel guessing = draft;
            return Resident.of(engine, loaded.chat(), () -> {
                loaded.close();
                if (guessing != null) guessing.close();
            });
        } catch (RuntimeException | OutOfMemoryError failure) {
            if (draft != null) draft.close();
            loaded.close();
            throw failure;
        }
    }

    private static long created(Path path) {
        try {
            return Files.getLastModifiedTime(path).toInstant().getEpochSecond();
        } catch (IOException failure) {
            throw new UncheckedIOException(path + " cannot be read", failure);
        }
    }

    String names() {
        return models.cards().stream().map(ModelCard::id).collect(Collectors.joining(", "));
    }

    /** Where the first model can be tried. */
    String firstPath() {
        return firstGenerates ? "v1/completions" : "v1/embeddings";
    }

    /** What to send there. */
    String firstBody() {
        String model = "{\"model\": \"" + models.first().id() + "\", ";
        return model
                + (firstGenerates ? "\"prompt\": \"public class \", \"max_tokens\": 64}" : "\"input\": \"prairie\"}");
    }

    @Override
    public void close() {
        models.close();
        device.close();
    }
}
