package dev.prairie.train.loop;

import dev.prairie.text.batch.EncodedCorpus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Where a run keeps everything that is its own:
 *
 * <pre>
 *   recipe.yaml                      every key with its value
 *   run.json                         name, state, step, steps, parameters, corpus, device, recipe
 *   metrics.jsonl                    one line a step
 *   loss.svg                         the curve
 *   tokens/                          the encoded corpus, so that resuming needs nothing else
 *   checkpoints/step-00000500.safetensors   weights, moments and the loader's place; the two newest
 *   model/                           the result as a Hugging Face folder, with its tokenizer.json
 * </pre>
 */
public record RunFolder(Path path) {
    private static final int KEPT = 2;

    public RunFolder {
        path = path.toAbsolutePath().normalize();
    }

    public String name() {
        return String.valueOf(path.getFileName());
    }

    public Path recipe() {
        return path.resolve("recipe.yaml");
    }

    public Path description() {
        return path.resolve("run.json");
    }

    public Path metrics() {
        return path.resolve("metrics.jsonl");
    }

    public Path plot() {
        return path.resolve("loss.svg");
    }

    public Path tokens() {
        return path.resolve("tokens");
    }

    Path trainTokens() {
        return tokens().resolve(EncodedCorpus.TRAIN);
    }

    Path validationTokens() {
        return tokens().resolve(EncodedCorpus.VALIDATION);
    }

    public Path model() {
        return path.resolve("model");
    }

    public Path tokenizer() {
        return model().resolve("tokenizer.json");
    }

    private Path checkpoints() {
        return path.resolve("checkpoints");
    }

    Path checkpoint(int step) {
        return checkpoints().resolve("step-%08d.safetensors".formatted(step));
    }

    /** Checkpoints, newest first. */
    public List<Path> saved() {
        if (!Files.isDirectory(checkpoints())) return List.of();
        try (Stream<Path> files = Files.list(checkpoints())) {
            return files.filter(f -> f.getFileName().toString().matches("step-[0-9]{8}\\.safetensors"))
                    .sorted(Comparator.reverseOrder())
                    .toList();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Whether all its steps are done and its model is written, by what {@code run.json} says. */
    public boolean finished() {
        if (!Files.exists(description())) return false;
        try {
            return JsonMapper.shared()
                            .readTree(Files.readString(description()))
                            .path("state")
                            .asString("")
                            .equals("finished")
                    && Files.exists(model().resolve("model.safetensors"));
        } catch (IOException | JacksonException unreadable) {
            return false; // then it is resumed, or begun again
        }
    }

    /** Whether this run can be resumed. */
    public boolean resumable() {
        return !saved().isEmpty();
    }

    /** Makes the folder; one that already holds a run is refused, so that nothing is overwritten. */
    void create() {
        if (resumable()) // without a checkpoint there is nothing to lose
        throw new RecipeException("run: " + path + " already holds a run; continue it with --resume " + path
                + ", or give another folder with --out");
        try {
            Files.createDirectories(checkpoints());
            Files.createDirectories(tokens());
            Files.createDirectories(model());
        } catch (IOException failure) {
            throw new RecipeException("run: the folder " + path + " cannot be made (" + failure + ")");
        }
    }

    /** Removes all checkpoints but the newest. */
    void prune() {
        try {
            for (Path old : saved().stream().skip(KEPT).toList()) Files.delete(old);
        } catch (IOException failure) {
            throw new UncheckedIOException("run: an old checkpoint could not be removed", failure);
        }
    }

    /** Writes {@code run.json}, whole or not at all. */
    void describe(ObjectNode content) {
        write(
                description(),
                JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(content) + "\n");
    }

    /** Writes a small file, whole or not at all. */
    static void write(Path file, String content) {
        try {
            Path part = file.resolveSibling(file.getFileName() + ".part");
            Files.writeString(part, content);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException failure) {
            throw new UncheckedIOException(file + " could not be written", failure);
        }
    }
}
