package dev.prairie.model.checkpoint;

import dev.prairie.model.transformer.Positions;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A model in a GGUF file, for the families of {@link Family}. Its tokenizer is in the file's metadata and is the caller's:
 * {@link Gguf#metadata}.
 */
public final class GgufModel {
    private static final String BEGIN = "tokenizer.ggml.bos_token_id";

    /** The ids that end a text: of the whole, of a turn, of a message to a tool. */
    private static final List<String> ENDS =
            List.of("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id");

    private GgufModel() {}

    /**
     * Loads a model. Matrices keep their type, and those stored in our layout are the mapped file itself, read-only; rows
     * that are stored in another order, and vectors, are copied into {@code arena}.
     *
     * @throws CheckpointException naming the tensor or key and both values
     */
    public static Checkpoint load(Path path, Arena arena) throws IOException {
        return load(Gguf.open(path, arena), arena);
    }

    /** The same of a file that is open. */
    public static Checkpoint load(Gguf gguf, Arena arena) {
        GgufConfig described = GgufConfig.read(GgufFacts.of(gguf));
        TransformerConfig config = described.config();
        Map<String, Tensor> parameters =
                Parameters.read(gguf, described.family().ggufNames(), GgufConfig.DESCRIBED, config, arena);
        var end = new LinkedHashSet<Integer>();
        for (String key : ENDS) gguf.metadata().token(key).ifPresent(end::add);
        return new Checkpoint(config, parameters, gguf.metadata().token(BEGIN), List.copyOf(end));
    }

    /**
     * What a file says of this model beside its tensors: the architecture, and the ids that begin and end a text. Whoever
     * writes the file adds the tokenizer.
     *
     * @throws IllegalArgumentException for a form that no family has
     */
    public static Map<String, GgufValue> metadata(Checkpoint checkpoint) {
        TransformerConfig config = checkpoint.config();
        var values = new LinkedHashMap<>(GgufKeys.of(ConfigFile.familyOf(config), config));
        OptionalInt begin = checkpoint.begin();
        if (begin.isPresent()) values.put(BEGIN, GgufValue.u32(begin.getAsInt()));
        for (int i = 0; i < Math.min(ENDS.size(), checkpoint.end().size()); i++)
            values.put(ENDS.get(i), GgufValue.u32(checkpoint.end().get(i)));
        return values;
    }

    /** What a file calls each parameter of such a model, by canonical name. */
    public static Map<String, String> names(TransformerConfig config) {
        Names names = ConfigFile.familyOf(config).ggufNames();
        var called = new LinkedHashMap<String, String>();
        config.parameterShapes()
                .keySet()
                .forEach(name ->
                        called.put(name, names.place(name, names.prefix()).name()));
        return called;
    }

    /**
     * The tensors of a file with this model, under their names there, each in the type that it has. They read the
     * checkpoint when their turn comes.
     */
    public static List<TensorEntry> entries(Checkpoint checkpoint) {
        TransformerConfig config = checkpoint.config();
        var entries = new ArrayList<>(Parameters.entries(
                config, checkpoint.parameters(), ConfigFile.familyOf(config).ggufNames()));
        if (config.positions() instanceof Positions.Rope rope)
            GgufRope.tensors(rope.scaling(), rope.width(), rope.theta()).forEach((name, numbers) -> {
                Shape shape = Shape.of(numbers.length);
                entries.add(new TensorEntry(name, DType.F32, shape, arena -> Tensor.of(arena, shape, numbers)));
            });
        return List.copyOf(entries);
    }
}
