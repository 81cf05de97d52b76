package dev.prairie.model.checkpoint;

import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * A model's folder in the Hugging Face layout: {@code config.json} and {@code model.safetensors} (or shards with their
 * index), for the families of {@link Family}. The tokenizer's files beside them are the caller's.
 */
public final class ModelFolder {
    private ModelFolder() {}

    /**
     * Loads a model from its folder, its safetensors file or its index; {@code config.json} stands beside, and
     * {@code generation_config.json} may. Matrices keep their type, and those stored in our layout are the mapped file
     * itself, read-only; what is stored transposed, and vectors, are copied into {@code arena}.
     *
     * @throws CheckpointException naming the tensor or key and both values
     */
    public static Checkpoint load(Path path, Arena arena) throws IOException {
        Path folder = Files.isDirectory(path) ? path : path.resolveSibling("");
        ConfigFile described = ConfigFile.read(folder.resolve(ConfigFile.FILE));
        List<Integer> end = GenerationFile.end(folder.resolve(GenerationFile.FILE), described.end());
        Safetensors file = Safetensors.open(path, arena);
        TransformerConfig config = described.config();
        Map<String, Tensor> parameters =
                Parameters.read(file, described.family().names(), ConfigFile.FILE, config, arena);
        return new Checkpoint(config, parameters, described.begin(), end);
    }

    /**
     * Writes {@code config.json} and {@code model.safetensors}, each completely or not at all; the weights first, and
     * both with a sum that {@link #load} checks. Creates the folder.
     *
     * @throws IllegalArgumentException for a form that no family has, or a type that safetensors does not hold
     */
    public static void save(Path folder, Checkpoint checkpoint) throws IOException {
        save(folder, checkpoint, UnaryOperator.identity());
    }

    /** The same with other tensors in the place of those, of the same shapes; they are made one after the other. */
    public static void save(Path folder, Checkpoint checkpoint, UnaryOperator<TensorEntry> made) throws IOException {
        TransformerConfig config = checkpoint.config();
        Family family = ConfigFile.familyOf(config);
        checkpoint.transformer(); // refuses parameters that are not those of the config
        var entries = Parameters.entries(config, checkpoint.parameters(), family.names()).stream()
                .map(made)
                .toList();
        SafetensorsWriter.write(folder.resolve(Safetensors.FILE), entries, Map.of("format", "pt"));
        byte[] text = new ConfigFile(family, config, checkpoint.begin(), checkpoint.end())
                .write(entries.getFirst().type());
        AtomicFile.write(folder.resolve(ConfigFile.FILE), channel -> {
            ByteBuffer bytes = ByteBuffer.wrap(text);
            while (bytes.hasRemaining()) channel.write(bytes);
        });
    }
}
