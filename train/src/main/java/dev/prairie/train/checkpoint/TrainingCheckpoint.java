package dev.prairie.train.checkpoint;

import dev.prairie.model.checkpoint.CheckpointException;
import dev.prairie.model.checkpoint.Safetensors;
import dev.prairie.tensor.Tensor;
import dev.prairie.text.batch.LoaderState;
import dev.prairie.train.optimizer.Optimizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Everything that a run needs to go on to the same bits: weights, both moments, the step, the recipe and the loader's
 * place, in one safetensors file with a checksum, which appears whole or not at all.
 */
public final class TrainingCheckpoint {
    private static final String WEIGHT = "weight.";
    private static final String FIRST = "first.";
    private static final String SECOND = "second.";

    private TrainingCheckpoint() {}

    /**
     * What a checkpoint says of itself.
     *
     * @param file   where it is
     * @param step   last step done
     * @param loss   of that step, nats a token
     * @param recipe as YAML
     * @param corpus where the tokens came from, for people
     * @param loader where the batches stood
     */
    public record Description(Path file, int step, double loss, String recipe, String corpus, LoaderState loader) {}

    /** Writes the file, whole or not at all. */
    public static void save(Description description, Map<String, Tensor> parameters, Optimizer optimizer) {
        var tensors = new LinkedHashMap<String, Tensor>();
        parameters.forEach((name, t) -> tensors.put(WEIGHT + name, t));
        optimizer.firstMoments().forEach((name, t) -> tensors.put(FIRST + name, t));
        optimizer.secondMoments().forEach((name, t) -> tensors.put(SECOND + name, t));
        Map<String, String> metadata = Map.of(
                "step", Integer.toString(description.step()),
                "loss", Double.toString(description.loss()),
                "recipe", description.recipe(),
                "corpus", description.corpus(),
                "loader", JsonMapper.shared().writeValueAsString(description.loader()));
        try {
            Safetensors.write(description.file(), tensors, metadata);
        } catch (IOException failure) {
            throw new UncheckedIOException(
                    "checkpoint " + description.file() + " could not be written; earlier ones are kept", failure);
        }
    }

    /**
     * Opens and verifies a checkpoint.
     *
     * @param previous an older one to name where this one is damaged
     */
    public static Description describe(Path file, @Nullable Path previous) {
        try (Arena arena = Arena.ofShared()) {
            Map<String, String> metadata = Safetensors.open(file, arena).metadata();
            return new Description(
                    file,
                    Integer.parseInt(entry(file, metadata, "step")),
                    Double.parseDouble(entry(file, metadata, "loss")),
                    entry(file, metadata, "recipe"),
                    entry(file, metadata, "corpus"),
                    JsonMapper.shared().readValue(entry(file, metadata, "loader"), LoaderState.class));
        } catch (CheckpointException | IOException | NumberFormatException | JacksonException damaged) {
            throw new DamagedCheckpointException(file, previous, damaged);
        }
    }

    /** Fills the parameters and the optimizer's moments. */
    public static void load(Description from, Map<String, Tensor> parameters, Optimizer optimizer) {
        try (Arena arena = Arena.ofShared()) {
            Safetensors saved = Safetensors.open(from.file(), arena);
            fill(saved, WEIGHT, parameters);
            fill(saved, FIRST, optimizer.firstMoments());
            fill(saved, SECOND, optimizer.secondMoments());
        } catch (IOException failure) {
            throw new UncheckedIOException("checkpoint " + from.file() + " could not be read", failure);
        }
    }

    private static void fill(Safetensors saved, String prefix, Map<String, Tensor> into) {
        into.forEach((name, t) -> {
            Tensor found = saved.tensor(prefix + name);
            if (!found.shape().equals(t.shape()) || found.type() != t.type())
                throw new CheckpointException(
                        saved.path(), prefix + name, t.toString(), found.toString(), "it belongs to another recipe");
            t.copyFrom(found);
        });
    }

    private static String entry(Path file, Map<String, String> metadata, String key) {
        String value = metadata.get(key);
        if (value == null)
            throw new CheckpointException(
                    file,
                    "metadata",
                    "an entry " + key,
                    "entries " + metadata.keySet(),
                    "is it a checkpoint of a run?");
        return value;
    }
}
