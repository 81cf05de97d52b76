package dev.prairie.model.checkpoint;

import dev.prairie.model.checkpoint.Family.Place;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A model's folder in the Hugging Face layout: {@code config.json} and {@code model.safetensors} (or shards with their
 * index), for the families of {@link Family}. The tokenizer's files beside them are the caller's.
 */
public final class ModelFolder {
    private ModelFolder() {}

    /**
     * Loads a model from its folder, its safetensors file or its index; {@code config.json} stands beside. F32 weights
     * stored in our layout are the mapped file itself, read-only; all others are converted into {@code arena}.
     *
     * @throws CheckpointException naming the tensor or key and both values
     */
    public static Checkpoint load(Path path, Arena arena) throws IOException {
        ConfigFile described = ConfigFile.read(
                Files.isDirectory(path) ? path.resolve(ConfigFile.FILE) : path.resolveSibling(ConfigFile.FILE));
        Safetensors file = Safetensors.open(path, arena);
        TransformerConfig config = described.config();
        // Before a list of all parameters is made: a layer has more than one tensor.
        if (config.layers() > file.names().size())
            throw new CheckpointException(
                    file.path(),
                    "layers",
                    config.layers() + " of config.json",
                    file.names().size() + " tensors",
                    "config.json belongs to another model");
        Family family = described.family();
        String prefix = file.names().stream().anyMatch(n -> n.startsWith(family.prefix())) ? family.prefix() : "";
        var parameters = new LinkedHashMap<String, Tensor>();
        var used = new HashSet<String>();
        config.parameterShapes().forEach((name, shape) -> {
            Place place = family.place(name, prefix);
            used.add(place.name());
            parameters.put(name, read(file, place, shape, arena));
        });
        refuseExtras(file, family, config, prefix, used);
        return new Checkpoint(config, parameters, described.begin(), described.end());
    }

    /**
     * Writes {@code config.json} and {@code model.safetensors}, each completely or not at all; the weights first, and
     * both with a sum that {@link #load} checks. Creates the folder.
     *
     * @throws IllegalArgumentException for a form that no family has
     */
    public static void save(Path folder, Checkpoint checkpoint) throws IOException {
        TransformerConfig config = checkpoint.config();
        Family family = ConfigFile.familyOf(config);
        checkpoint.transformer(); // refuses parameters that are not those of the config
        var groups = new LinkedHashMap<String, Group>();
        config.parameterShapes().keySet().forEach(name -> {
            Place place = family.place(name, family.prefix());
            Tensor t = parameter(checkpoint, name);
            boolean transposed = place.rule().transposed() && t.shape().rank() == 2;
            groups.computeIfAbsent(place.name(), n -> new Group(transposed, new ArrayList<>()))
                    .parts
                    .add(t);
        });
        var entries = new ArrayList<SafetensorsWriter.Entry>();
        groups.forEach((name, group) ->
                entries.add(new SafetensorsWriter.Entry(name, DType.F32, group.stored(), group::joined)));
        SafetensorsWriter.write(folder.resolve(Safetensors.FILE), entries, Map.of("format", "pt"));
        byte[] text = new ConfigFile(family, config, checkpoint.begin(), checkpoint.end()).write();
        AtomicFile.write(folder.resolve(ConfigFile.FILE), channel -> {
            ByteBuffer bytes = ByteBuffer.wrap(text);
            while (bytes.hasRemaining()) channel.write(bytes);
        });
    }

    private static Tensor parameter(Checkpoint checkpoint, String name) {
        Tensor t = checkpoint.parameters().get(name);
        if (t == null || t.type() != DType.F32)
            throw new IllegalArgumentException("checkpoint: " + name + " is " + t + ", must be F32");
        return t;
    }

    /** The stored shape of {@code parts} tensors of {@code shape}, (O, C) or (O), side by side along O. */
    private static Shape stored(Shape shape, boolean transposed, int parts) {
        int outputs = Math.multiplyExact(shape.dim(0), parts);
        if (shape.rank() == 1) return Shape.of(outputs);
        return transposed ? Shape.of(shape.dim(1), outputs) : Shape.of(outputs, shape.dim(1));
    }

    private static Tensor read(Safetensors file, Place place, Shape shape, Arena arena) {
        var rule = place.rule();
        boolean transposed = rule.transposed() && shape.rank() == 2;
        Shape expected = stored(shape, transposed, rule.parts());
        Shape found = file.shape(place.name())
                .orElseThrow(() -> new CheckpointException(
                        file.path(), place.name(), "a tensor " + expected, "nothing", "the file lacks a part of it"));
        if (!found.equals(expected))
            throw new CheckpointException(
                    file.path(),
                    place.name(),
                    "shape " + expected + " by config.json",
                    found.toString(),
                    "config.json belongs to another model");
        Tensor stored = file.tensor(place.name());
        if (stored.type() == DType.F32 && !transposed && rule.parts() == 1) return stored;
        Tensor out = Tensor.zeros(arena, shape);
        int outputs = shape.dim(0);
        int width = shape.rank() == 1 ? 1 : shape.dim(1);
        long all = (long) outputs * rule.parts();
        long first = (long) rule.part() * outputs;
        for (int o = 0; o < outputs; o++)
            for (int i = 0; i < width; i++) {
                long from = transposed ? i * all + first + o : (first + o) * width + i;
                out.set((long) o * width + i, number(place.name(), file, stored, from));
            }
        return out;
    }

    private static float number(String name, Safetensors file, Tensor t, long i) {
        MemorySegment s = t.segment();
        return switch (t.type()) {
            case F32 -> t.get(i);
            case BF16 -> Float.intBitsToFloat(s.get(ValueLayout.JAVA_SHORT_UNALIGNED, i * Short.BYTES) << 16);
            case F16 -> Float.float16ToFloat(s.get(ValueLayout.JAVA_SHORT_UNALIGNED, i * Short.BYTES));
            case I32 ->
                throw new CheckpointException(file.path(), name, "F32, BF16 or F16", "I32", "weights are not integers");
            case Q8_0, Q4_0, Q4_K, Q6_K ->
                throw new CheckpointException(
                        file.path(), name, "F32, BF16 or F16", t.type().name(), "safetensors holds no such blocks");
        };
    }

    /** Parameters of one shape that one stored tensor holds side by side, in order. */
    private record Group(boolean transposed, List<Tensor> parts) {
        Shape stored() {
            return ModelFolder.stored(parts.getFirst().shape(), transposed, parts.size());
        }

        Tensor joined(Arena arena) {
            if (parts.size() == 1 && !transposed) return parts.getFirst();
            Shape shape = parts.getFirst().shape();
            Tensor out = Tensor.zeros(arena, stored());
            int outputs = shape.dim(0);
            int width = shape.rank() == 1 ? 1 : shape.dim(1);
            long all = (long) outputs * parts.size();
            for (int p = 0; p < parts.size(); p++)
                for (int o = 0; o < outputs; o++)
                    for (int i = 0; i < width; i++) {
                        long row = (long) p * outputs + o;
                        out.set(
                                transposed ? i * all + row : row * width + i,
                                parts.get(p).get((long) o * width + i));
                    }
            return out;
        }
    }

    /** A tensor without a place means that the model is not what its config says. */
    private static void refuseExtras(
            Safetensors file, Family family, TransformerConfig config, String prefix, Set<String> used) {
        var extras = new TreeSet<String>();
        for (String name : file.names()) if (!used.contains(name) && !family.ignores(name)) extras.add(name);
        String head = family.place("head.weight", prefix).name();
        if (config.tiedHead() && extras.remove(head)) {
            // Some programs write the shared matrix twice; then it must be the same one.
            Tensor table = file.tensor(family.place("tokens.weight", prefix).name());
            Tensor twin = file.tensor(head);
            if (twin.type() != table.type()
                    || !twin.shape().equals(table.shape())
                    || twin.segment().mismatch(table.segment()) >= 0)
                throw new CheckpointException(
                        file.path(),
                        head,
                        "nothing or a copy of the token table",
                        "other numbers, " + twin,
                        "set tie_word_embeddings to false in config.json");
        }
        if (!extras.isEmpty())
            throw new CheckpointException(
                    file.path(),
                    extras.first(),
                    "no tensor without a place in a " + family.modelType() + " model",
                    extras.size() + " of them, first " + extras.first(),
                    "config.json belongs to another model, or it is of a kind that is not supported");
    }
}
