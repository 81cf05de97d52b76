package dev.prairie.model.checkpoint;

import dev.prairie.model.checkpoint.Names.Form;
import dev.prairie.model.checkpoint.Names.Place;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A model's parameters in a file and back, by the table of its family. Matrices keep the type that they have in the file,
 * and are the mapped file itself where they lie there as ours do; vectors, which are small, become F32.
 */
final class Parameters {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private final TensorFile file;
    private final Names names;
    private final String described;
    private final TransformerConfig config;
    private final Arena arena;

    /** {@code described} is what says which shapes the tensors have, for messages. */
    private Parameters(TensorFile file, Names names, String described, TransformerConfig config, Arena arena) {
        this.file = file;
        this.names = names;
        this.described = described;
        this.config = config;
        this.arena = arena;
    }

    /**
     * All parameters by canonical name, in the order of the forward pass.
     *
     * @throws CheckpointException naming the tensor and both values where something is missing, of another shape, or left
     *     over
     */
    static Map<String, Tensor> read(
            TensorFile file, Names names, String described, TransformerConfig config, Arena arena) {
        // Before a list of all parameters is made: a layer has more than one tensor.
        if (config.layers() > file.names().size())
            throw new CheckpointException(
                    file.path(),
                    "layers",
                    config.layers() + " of " + described,
                    file.names().size() + " tensors",
                    described + " belongs to another model");
        return new Parameters(file, names, described, config, arena).read();
    }

    private Map<String, Tensor> read() {
        String prefix = names.prefixIn(file);
        var parameters = new LinkedHashMap<String, Tensor>();
        var used = new HashSet<String>();
        config.parameterShapes().forEach((name, shape) -> {
            Place place = names.place(name, prefix);
            used.add(place.name());
            Tensor stored = stored(place, shape);
            Tensor ours = ours(place, stored, name, shape);
            parameters.put(name, shape.rank() == 1 ? FloatCopy.of(ours, arena) : ours);
        });
        refuseExtras(prefix, used);
        return parameters;
    }

    private Tensor stored(Place place, Shape shape) {
        Shape expected = stored(shape, place.rule().form(), place.rule().parts());
        Shape found = file.shape(place.name())
                .orElseThrow(() -> new CheckpointException(
                        file.path(), place.name(), "a tensor " + expected, "nothing", "the file lacks a part of it"));
        if (!Arrays.equals(significant(found), significant(expected)))
            throw new CheckpointException(
                    file.path(),
                    place.name(),
                    "shape " + expected + " by " + described,
                    found.toString(),
                    described + " belongs to another model");
        Tensor stored = file.tensor(place.name());
        if (stored.type() == DType.I32)
            throw new CheckpointException(
                    file.path(), place.name(), "F32, BF16 or F16", "I32", "weights are not integers");
        return stored.view(expected);
    }

    /** Without outer dimensions of 1, which some programs leave out and others add. */
    private static int[] significant(Shape shape) {
        int[] dims = shape.dims();
        int first = 0;
        while (first < dims.length - 1 && dims[first] == 1) first++;
        return Arrays.copyOfRange(dims, first, dims.length);
    }

    /** The stored shape of {@code parts} tensors of {@code shape}, (O, C) or (O), side by side along O. */
    private static Shape stored(Shape shape, Form form, int parts) {
        int outputs = Math.multiplyExact(shape.dim(0), parts);
        if (shape.rank() == 1) return Shape.of(outputs);
        return form == Form.COLUMNS ? Shape.of(shape.dim(1), outputs) : Shape.of(outputs, shape.dim(1));
    }

    private Tensor ours(Place place, Tensor stored, String name, Shape shape) {
        var rule = place.rule();
        Tensor whole = stored;
        if (shape.rank() == 1) whole = FloatCopy.of(stored, arena);
        else if (rule.form() == Form.COLUMNS) {
            if (stored.type().quantized())
                throw new CheckpointException(
                        file.path(),
                        place.name(),
                        "numbers that stand alone, since the matrix is stored transposed",
                        stored.type().name(),
                        "convert it from the original");
            whole = transposed(stored, arena);
        }
        if (rule.parts() > 1) whole = whole.slice(rule.part() * shape.dim(0), (rule.part() + 1) * shape.dim(0));
        return rule.form() == Form.PAIRS ? reordered(whole, heads(config, name), false, arena) : whole;
    }

    /** A tensor without a place means that the model is not what its description says. */
    private void refuseExtras(String prefix, Set<String> used) {
        var extras = new TreeSet<String>();
        for (String name : file.names()) if (!used.contains(name) && !names.ignores(name)) extras.add(name);
        String head = names.place("head.weight", prefix).name();
        if (config.tiedHead() && extras.remove(head)) {
            // Some programs write the shared matrix twice; then it must be the same one.
            Tensor table = file.tensor(names.place("tokens.weight", prefix).name());
            Tensor twin = file.tensor(head);
            if (twin.type() != table.type()
                    || !twin.shape().equals(table.shape())
                    || twin.segment().mismatch(table.segment()) >= 0)
                throw new CheckpointException(
                        file.path(),
                        head,
                        "nothing or a copy of the token table",
                        "other numbers, " + twin,
                        "set tie_word_embeddings to false in " + described);
        }
        if (!extras.isEmpty())
            throw new CheckpointException(
                    file.path(),
                    extras.first(),
                    "no tensor without a place in the model of " + described,
                    extras.size() + " of them, first " + extras.first(),
                    described + " belongs to another model, or it is of a kind that is not supported");
    }

    // ---- and back ---------------------------------------------------------------------------------------------

    /** The tensors of a file that holds these parameters under these names, each in the type that it has. */
    static List<TensorEntry> entries(TransformerConfig config, Map<String, Tensor> parameters, Names names) {
        var groups = new LinkedHashMap<String, List<Tensor>>();
        var entries = new ArrayList<TensorEntry>();
        config.parameterShapes().keySet().forEach(name -> {
            Tensor t = parameters.get(name);
            if (t == null) throw new IllegalArgumentException("checkpoint: no parameter " + name);
            Place place = names.place(name, names.prefix());
            var rule = place.rule();
            List<Tensor> parts = groups.computeIfAbsent(place.name(), n -> new ArrayList<>());
            parts.add(t);
            if (parts.size() < rule.parts()) return;
            Shape stored = stored(t.shape(), rule.form(), rule.parts());
            int heads = rule.form() == Form.PAIRS ? heads(config, name) : 1;
            entries.add(new TensorEntry(
                    place.name(),
                    joinedType(place.name(), parts),
                    stored,
                    arena -> theirs(rule.form(), parts, heads, arena)));
        });
        return entries;
    }

    private static DType joinedType(String name, List<Tensor> parts) {
        DType type = parts.getFirst().type();
        for (Tensor part : parts)
            if (part.type() != type)
                throw new IllegalArgumentException(
                        "checkpoint: " + name + " would hold " + type + " and " + part.type() + " side by side");
        return type;
    }

    private static Tensor theirs(Form form, List<Tensor> parts, int heads, Arena arena) {
        Tensor whole = parts.size() == 1 ? parts.getFirst() : joined(parts, arena);
        if (form == Form.PAIRS) return reordered(whole, heads, true, arena);
        return form == Form.COLUMNS && whole.shape().rank() == 2 ? transposed(whole, arena) : whole;
    }

    private static Tensor joined(List<Tensor> parts, Arena arena) {
        Tensor first = parts.getFirst();
        Tensor out = Tensor.zeros(arena, first.type(), stored(first.shape(), Form.ROWS, parts.size()));
        long bytes = first.segment().byteSize();
        for (int p = 0; p < parts.size(); p++)
            out.segment().asSlice(p * bytes, bytes).copyFrom(parts.get(p).segment());
        return out;
    }

    /** (O, C) as (C, O), of a type whose elements stand alone. */
    private static Tensor transposed(Tensor t, Arena arena) {
        int rows = t.shape().dim(0);
        int columns = t.shape().dim(1);
        Tensor out = Tensor.zeros(arena, t.type(), Shape.of(columns, rows));
        MemorySegment from = t.segment();
        MemorySegment to = out.segment();
        boolean wide = t.type().size() == Integer.BYTES;
        for (long c = 0; c < columns; c++)
            for (long r = 0; r < rows; r++)
                if (wide) to.set(INT, 4 * (c * rows + r), from.get(INT, 4 * (r * columns + c)));
                else to.set(SHORT, 2 * (c * rows + r), from.get(SHORT, 2 * (r * columns + c)));
        return out;
    }

    private static int heads(TransformerConfig config, String name) {
        return name.contains("attention.q.") ? config.heads() : config.keyHeads();
    }

    /** Rows i and i + D/2 of each head put next to each other ({@code together}), or back. Bytes, so of any type. */
    private static Tensor reordered(Tensor t, int heads, boolean together, Arena arena) {
        int rows = t.shape().dim(0);
        long bytes = t.segment().byteSize() / rows;
        int half = rows / heads / 2;
        Tensor out = Tensor.zeros(arena, t.type(), t.shape());
        for (int row = 0; row < rows; row++) {
            int inHead = row % (2 * half);
            int next = row - inHead + (inHead < half ? 2 * inHead : 2 * (inHead - half) + 1); // where its pair stands
            MemorySegment.copy(
                    t.segment(),
                    bytes * (together ? row : next),
                    out.segment(),
                    bytes * (together ? next : row),
                    bytes);
        }
        return out;
    }
}
