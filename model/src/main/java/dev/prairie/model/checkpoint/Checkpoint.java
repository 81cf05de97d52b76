package dev.prairie.model.checkpoint;

import dev.prairie.model.layer.Linear;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.Kernels;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A model as a file holds it: what kind, which weights, and the ids that begin and end a text.
 *
 * @param config     what kind
 * @param parameters by canonical name, in the order of the forward pass; matrices in the type that the file has, vectors
 *                   F32; possibly read-only (a mapped file)
 * @param begin      the id that begins a text, where the model has one
 * @param end        the ids that end a text
 */
public record Checkpoint(
        TransformerConfig config, Map<String, Tensor> parameters, OptionalInt begin, List<Integer> end) {
    public Checkpoint {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        end = List.copyOf(end);
    }

    /** A model without special ids. */
    public Checkpoint(Transformer model) {
        this(model.config(), model.parameters(), OptionalInt.empty(), List.of());
    }

    /**
     * Loads a model: a folder in the Hugging Face layout (or its {@code model.safetensors} or index), a GGUF file, whatever
     * it is called, or a llama2.c {@code .bin} file. Weights live as long as {@code arena}, which must be shared if a device with several threads
     * shall read them.
     *
     * @throws CheckpointException for what is missing, cut off, damaged or contradicts itself
     */
    public static Checkpoint load(Path path, Arena arena) throws IOException {
        if (!Files.exists(path))
            throw new CheckpointException(path, "model", "a folder or a file", "nothing", "check the path");
        if (Gguf.is(path)) return GgufModel.load(path, arena);
        return path.toString().endsWith(".bin") ? Llama2c.load(path, arena) : ModelFolder.load(path, arena);
    }

    /** The model, over these weights. */
    public Transformer transformer() {
        return new Transformer(config, parameters);
    }

    /** The model as {@code kernels} run it fastest: weights that are not F32 are packed into {@code arena}. */
    public Transformer transformer(Kernels kernels, Arena arena) {
        return new Transformer(config, parameters, Linear.Maker.packing(kernels, arena));
    }

    /** The same in F32: weights of other types are converted into {@code arena}. */
    public Checkpoint floats(Arena arena) {
        var floats = new LinkedHashMap<String, Tensor>();
        parameters.forEach((name, t) -> floats.put(name, FloatCopy.of(t, arena)));
        return new Checkpoint(config, floats, begin, end);
    }

    /** The same with every weight copied as F32 into {@code arena}, where training may change it. */
    public Checkpoint writable(Arena arena) {
        var copies = new LinkedHashMap<String, Tensor>();
        parameters.forEach((name, t) -> {
            Tensor copy = Tensor.zeros(arena, t.shape());
            FloatCopy.into(copy, t);
            copies.put(name, copy);
        });
        return new Checkpoint(config, copies, begin, end);
    }
}
