package dev.prairie.app;

import dev.prairie.serve.resident.ModelsOnDemand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which models a server has, under which names, and how long each stays in memory. */
final class ModelOptions {
    private static final Pattern TIME = Pattern.compile("(\\d{1,6})([smhd])");

    /** With one model there is nothing to make room for. */
    private static final Duration IDLE_OF_SEVERAL = Duration.ofMinutes(10);

    @Option(
            names = "--model",
            required = true,
            paramLabel = "[NAME=]PATH",
            description =
                    "A run's folder, a model's folder, a model file, or OWNER/NAME; clients call it NAME, else as the"
                            + " folder or file. May be given several times: the first is loaded at once, the others when they are"
                            + " asked for.")
    private List<String> models = new ArrayList<>();

    @Option(
            names = "--adapter",
            paramLabel = "NAME=PATH",
            description =
                    "A LoRA adapter for the first model, which clients call NAME: a PEFT folder or a GGUF file. May be"
                            + " given several times.")
    private List<String> adapters = new ArrayList<>();

    @Option(names = "--tokenizer", paramLabel = "FILE", description = "Where it does not lie beside the model.")
    @Nullable
    private Path tokenizer;

    @Option(
            names = "--idle",
            paramLabel = "TIME",
            description =
                    "Unload a model that nobody has asked for this long: 90s, 30m, 2h, 1d or never. Default: never"
                            + " for a single model, 10m for several.")
    @Nullable
    private String idle;

    @Mixin
    private CacheOptions cache = new CacheOptions();

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    /** Finds all, and loads the first. */
    OpenModels open(EngineOptions engine) {
        if (tokenizer != null && models.size() > 1)
            throw new UserException("--tokenizer is for one model, and there are " + models.size()
                    + "; put tokenizer.json beside each of them");
        List<OpenModels.Named> named = models.stream().map(ModelOptions::named).toList();
        return OpenModels.of(named, tokenizer, adapters(), idle(), devices, cache, engine);
    }

    private Map<String, Path> adapters() {
        var files = new LinkedHashMap<String, Path>();
        for (String option : adapters) {
            int at = option.indexOf('=');
            if (at < 1 || at == option.length() - 1)
                throw new UserException(
                        "--adapter is " + option + "; give a name and a file, such as law=adapters/law");
            if (files.put(option.substring(0, at), Path.of(option.substring(at + 1))) != null)
                throw new UserException(
                        "--adapter names two " + option.substring(0, at) + "; give each a name of its own");
        }
        return files;
    }

    private Duration idle() {
        if (idle == null) return models.size() == 1 ? ModelsOnDemand.NEVER : IDLE_OF_SEVERAL;
        return idle(idle);
    }

    static Duration idle(String given) {
        if (given.equals("never")) return ModelsOnDemand.NEVER;
        Matcher time = TIME.matcher(given);
        if (!time.matches()) throw new UserException("--idle is " + given + "; give 90s, 30m, 2h, 1d or never");
        long count = Long.parseLong(time.group(1));
        return switch (time.group(2)) {
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            case "h" -> Duration.ofHours(count);
            default -> Duration.ofDays(count);
        };
    }

    /** {@code PATH} or {@code NAME=PATH}; a path that exists as it is written is one, even with {@code =} in it. */
    static OpenModels.Named named(String given) {
        int at = given.indexOf('=');
        if (at < 0 || Files.exists(Path.of(given))) {
            Path path = LoadedModel.resolve(Path.of(given));
            return new OpenModels.Named(Paths.name(path), path);
        }
        String name = given.substring(0, at).strip();
        if (name.isEmpty() || at + 1 == given.length())
            throw new UserException("--model is " + given + "; give PATH or NAME=PATH");
        return new OpenModels.Named(name, LoadedModel.resolve(Path.of(given.substring(at + 1))));
    }
}
