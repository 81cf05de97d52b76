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
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
        try {
            return new Parameters(file, names, described, config, arena).read();
        } catch (ArithmeticException tooLarge) {
            throw new CheckpointException(
                    file.path(),
                    "parameters",
                    "shapes that are possible",
                    "larger ones by " + described,
                    described + " belongs to another model");
        }
    }

    /** Parameters that one stored tensor holds, below one another: by canonical name, with their shapes. */
    record Group(String name, Form form, Map<String, Shape> parts) {
        Shape first() {
            return parts.values().iterator().next();
        }

        /** All of them as one (O, C) or (O). */
        Shape rows() {
            int rows = 0;
            for (Shape part : parts.values()) rows = Math.addExact(rows, part.dim(0));
            return first().rank() == 1 ? Shape.of(rows) : Shape.of(rows, first().dim(1));
        }

        /** The shape that the file has. */
        Shape stored() {
            Shape rows = rows();
            if (rows.rank() == 1) return rows;
            return switch (form) {
                case ROWS, PAIRS, LESS_ONE -> rows;
                case COLUMNS -> Shape.of(rows.dim(1), rows.dim(0));
                case BEHIND_PADDING -> Shape.of(Math.addExact(rows.dim(0), Names.PADDING), rows.dim(1));
                case EXPERTS -> Shape.of(parts.size(), first().dim(0), first().dim(1));
            };
        }
    }

    /** What each stored tensor holds, by its name, in the order of the forward pass. */
    static Map<String, Group> groups(Map<String, Shape> parameters, Names names, String prefix) {
        var groups = new LinkedHashMap<String, Group>();
        parameters.forEach((name, shape) -> {
            Place place = names.place(name, prefix);
            groups.computeIfAbsent(place.name(), stored -> new Group(stored, place.form(), new LinkedHashMap<>()))
                    .parts
                    .put(name, shape);
        });
        return groups;
    }

    /** The shapes of the tensors of a file with such a model, by the names there. */
    static Map<String, Shape> shapes(TransformerConfig config, Names names) {
        var shapes = new LinkedHashMap<String, Shape>();
        groups(config.parameterShapes(), names, names.prefix())
                .forEach((name, group) -> shapes.put(name, group.stored()));
        return shapes;
    }

    private Map<String, Tensor> read() {
        String prefix = names.prefixIn(file);
        Map<String, Group> groups = groups(config.parameterShapes(), names, prefix);
        var found = new HashMap<String, Tensor>();
        for (Group group : groups.values()) read(group, found);
        refuseExtras(prefix, groups.keySet());
        var parameters = new LinkedHashMap<String, Tensor>(); // in the order of the forward pass
        config.parameterShapes()
                .keySet()
                .forEach(name -> parameters.put(name, Objects.requireNonNull(found.get(name))));
        return parameters;
    }

    private Tensor stored(Group group) {
        Shape expected = group.stored();
        Shape found = file.shape(group.name)
                .orElseThrow(() -> new CheckpointException(
                        file.path(), group.name, "a tensor " + expected, "nothing", "the file lacks a part of it"));
        if (!Arrays.equals(significant(found), significant(expected)))
            throw new CheckpointException(
                    file.path(),
                    group.name,
                    "shape " + expected + " by " + described,
                    found.toString(),
                    described + " belongs to another model");
        Tensor stored = file.tensor(group.name);
        if (stored.type() == DType.I32)
            throw new CheckpointException(
                    file.path(), group.name, "F32, BF16 or F16", "I32", "weights are not integers");
        return stored.view(expected);
    }

    /** Without outer dimensions of 1, which some programs leave out and others add. */
    private static int[] significant(Shape shape) {
        int[] dims = shape.dims();
        int first = 0;
        while (first < dims.length - 1 && dims[first] == 1) first++;
        return Arrays.copyOfRange(dims, first, dims.length);
    }

    private void read(Group group, Map<String, Tensor> found) {
        Tensor whole = stored(group);
        if (group.first().rank() == 1) whole = FloatCopy.of(whole, arena);
        else if (group.form == Form.COLUMNS) {
            if (whole.type().quantized())
                throw new CheckpointException(
                        file.path(),
                        group.name,
                        "numbers that stand alone, since the matrix is stored transposed",
                        whole.type().name(),
                        "convert it from the original");
            whole = transposed(whole, arena);
        } else if (group.form == Form.BEHIND_PADDING)
            whole = whole.slice(Names.PADDING, whole.shape().dim(0));
        else whole = whole.view(group.rows());
        int before = 0;
        for (var part : group.parts.entrySet()) {
            int end = before + part.getValue().dim(0);
            Tensor t = group.parts.size() == 1 ? whole : whole.slice(before, end);
            before = end;
            if (group.form == Form.PAIRS) t = reordered(t, heads(config, part.getKey()), false, arena);
            if (group.form == Form.LESS_ONE) t = plus(t, 1, arena);
            found.put(part.getKey(), t);
        }
    }

    /** A tensor without a place means that the model is not what its description says. */
    private void refuseExtras(String prefix, Set<String> used) {
        var extras = new TreeSet<String>();
        for (String name : file.names()) if (!used.contains(name) && !names.ignores(name)) extras.add(name);
        String head = config.tiedHead() ? names.place("head.weight", prefix).name() : "";
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
        var entries = new ArrayList<TensorEntry>();
        for (Group group :
                groups(config.parameterShapes(), names, names.prefix()).values()) {
            var parts = new LinkedHashMap<String, Tensor>();
            for (String name : group.parts.keySet()) {
                Tensor t = parameters.get(name);
                if (t == null) throw new IllegalArgumentException("checkpoint: no parameter " + name);
                parts.put(name, t);
            }
            DType type = joinedType(group.name, group.form, parts.values());
            entries.add(
                    new TensorEntry(group.name, type, group.stored(), arena -> theirs(config, group, parts, arena)));
        }
        return entries;
    }

    private static DType joinedType(String name, Form form, Collection<Tensor> parts) {
        DType type = parts.iterator().next().type();
        for (Tensor part : parts)
            if (part.type() != type)
                throw new IllegalArgumentException(
                        "checkpoint: " + name + " would hold " + type + " and " + part.type() + " side by side");
        return type.quantized() && form == Form.COLUMNS ? DType.F32 : type; // blocks cannot be turned round
    }

    private static Tensor theirs(TransformerConfig config, Group group, Map<String, Tensor> parts, Arena arena) {
        var turned = new ArrayList<Tensor>();
        parts.forEach((name, t) -> turned.add(
                switch (group.form) {
                    case ROWS, EXPERTS, BEHIND_PADDING -> t;
                    case COLUMNS -> t.type().quantized() ? FloatCopy.of(t, arena) : t;
                    case PAIRS -> reordered(t, heads(config, name), true, arena);
                    case LESS_ONE -> plus(t, -1, arena);
                }));
        Tensor whole = turned.size() == 1 ? turned.getFirst() : joined(turned, group.rows(), arena);
        if (group.form == Form.BEHIND_PADDING) {
            Tensor padding = Tensor.zeros(
                    arena, whole.type(), Shape.of(Names.PADDING, whole.shape().dim(1)));
            return joined(List.of(padding, whole), group.stored(), arena);
        }
        boolean columns = group.form == Form.COLUMNS && whole.shape().rank() == 2;
        return columns ? transposed(whole, arena) : whole.view(group.stored());
    }

    static Tensor joined(List<Tensor> parts, Shape rows, Arena arena) {
        Tensor out = Tensor.zeros(arena, parts.getFirst().type(), rows);
        long at = 0;
        for (Tensor part : parts) {
            long bytes = part.segment().byteSize();
            out.segment().asSlice(at, bytes).copyFrom(part.segment());
            at += bytes;
        }
        return out;
    }

    /** A vector with {@code more} added to each number. */
    private static Tensor plus(Tensor t, float more, Arena arena) {
        Tensor out = Tensor.zeros(arena, t.shape());
        for (long i = 0; i < t.shape().size(); i++) out.set(i, t.get(i) + more);
        return out;
    }

    /** (O, C) as (C, O), of a type whose elements stand alone. */
    static Tensor transposed(Tensor t, Arena arena) {
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

    static int heads(TransformerConfig config, String name) {
        return name.contains("attention.q.") ? config.heads() : config.keyHeads();
    }

    /** Rows i and i + D/2 of each head put next to each other ({@code together}), or back. Bytes, so of any type. */
    static Tensor reordered(Tensor t, int heads, boolean together, Arena arena) {
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
