package dev.prairie.model.checkpoint;

import dev.prairie.model.checkpoint.Names.Form;
import dev.prairie.model.checkpoint.Parameters.Group;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The pairs of matrices of an adapter's file, found their projections by the tables of {@link Names} and checked against
 * the base. Matrices A stay the mapped file itself; B is turned round into memory of the arena.
 *
 * @param file   that holds them
 * @param pairs  by the name of the weight that they change, as a file of the base would call it
 * @param config of the base
 * @param scales what their product is multiplied by
 */
record AdapterTensors(TensorFile file, Map<String, Pair> pairs, TransformerConfig config, Scales scales) {
    private static final String HINT = "the adapter belongs to another base, or a part of it is missing";

    /** What the file calls the two. Either may be missing. */
    record Pair(String a, String b) {}

    /** Of the weight of that name, whose matrices have that rank. */
    interface Scales {
        float of(String weight, int rank);
    }

    /** What is added to which of our projections, by the first of the tables that knows all names of the file. */
    Map<String, LowRank> read(Collection<Names> tables, Arena arena) {
        if (pairs.isEmpty())
            throw new CheckpointException(file.path(), "tensors", "pairs of matrices A and B", "none", HINT);
        Map<String, Shape> projections = config.projections();
        Map<String, Group> groups = tables.stream()
                .filter(names -> projections.keySet().stream()
                        .allMatch(ours -> names.find(ours, "").isPresent()))
                .map(names -> Parameters.groups(projections, names, prefix(names)))
                .filter(known -> known.keySet().containsAll(pairs.keySet()))
                .findFirst()
                .orElseThrow(() -> unknown(tables, projections));
        var weights = new LinkedHashMap<String, LowRank>();
        groups.forEach((stored, group) -> {
            Pair pair = pairs.get(stored);
            if (pair != null) weights.putAll(read(group, pair, arena));
        });
        return weights;
    }

    private String prefix(Names names) {
        return pairs.keySet().stream().anyMatch(n -> n.startsWith(names.prefix())) ? names.prefix() : "";
    }

    private CheckpointException unknown(Collection<Names> tables, Map<String, Shape> projections) {
        for (Names names : tables) {
            String prefix = prefix(names);
            for (String ours : List.of("tokens.weight", "head.weight")) {
                String theirs = names.find(ours, prefix).map(Names.Place::name).orElse("");
                if (pairs.containsKey(theirs))
                    return new CheckpointException(
                            file.path(),
                            theirs,
                            "changes to projections of the layers alone",
                            "one to the " + (ours.startsWith("head") ? "head" : "table of tokens"),
                            "this is not supported; train the adapter without it");
            }
        }
        String first = pairs.keySet().iterator().next();
        for (Names names : tables) {
            if (!projections.keySet().stream()
                    .allMatch(ours -> names.find(ours, "").isPresent())) continue;
            var known = Parameters.groups(projections, names, prefix(names)).keySet();
            first = pairs.keySet().stream()
                    .filter(n -> !known.contains(n))
                    .findFirst()
                    .orElse(first);
            break;
        }
        return new CheckpointException(
                file.path(), first, "a projection of the base, which has " + config.layers() + " layers", "none", HINT);
    }

    private Map<String, LowRank> read(Group group, Pair pair, Arena arena) {
        int width = group.first().dim(1);
        int experts = group.form() == Form.EXPERTS ? group.parts().size() : 0;
        Shape found = shape(pair.a(), "(R, " + width + ")");
        int before = experts == 0 ? 0 : 1;
        if (found.rank() != before + 2 || found.last() != width || (experts > 0 && found.dim(0) != experts))
            throw wrong(pair.a(), (experts == 0 ? "(R, " : "(" + experts + ", R, ") + width + ")", found);
        int rank = found.dim(before);
        if (rank < 1) throw wrong(pair.a(), "(R, " + width + ") with R at least 1", found);
        int rows = experts == 0 ? group.rows().dim(0) : group.first().dim(0);
        Shape expected = experts == 0 ? Shape.of(rows, rank) : Shape.of(experts, rows, rank);
        Shape other = shape(pair.b(), expected.toString());
        if (!other.equals(expected)) throw wrong(pair.b(), expected.toString(), other);
        float scale = scales.of(group.name(), rank);
        Tensor a = numbers(pair.a()), b = numbers(pair.b());
        var changes = new LinkedHashMap<String, LowRank>();
        int at = 0;
        for (var part : group.parts().entrySet()) {
            int end = at + (experts == 0 ? part.getValue().dim(0) : 1);
            Tensor mine = experts == 0 ? a : a.slice(at, end).view(Shape.of(rank, width));
            Tensor outer = b.slice(at, end).view(Shape.of(part.getValue().dim(0), rank));
            if (group.form() == Form.PAIRS)
                outer = Parameters.reordered(outer, Parameters.heads(config, part.getKey()), false, arena);
            changes.put(part.getKey(), new LowRank(mine, turned(outer, arena), scale));
            at = end;
        }
        return changes;
    }

    /** (O, R) as (R, O); blocks cannot be turned round, so they become numbers. */
    static Tensor turned(Tensor t, Arena arena) {
        if (!t.type().quantized()) return Parameters.transposed(t, arena);
        try (Arena until = Arena.ofConfined()) {
            return Parameters.transposed(FloatCopy.of(t, until), arena);
        }
    }

    private Shape shape(String name, String expected) {
        return file.shape(name)
                .orElseThrow(() -> new CheckpointException(file.path(), name, "a tensor " + expected, "nothing", HINT));
    }

    private Tensor numbers(String name) {
        Tensor t = file.tensor(name);
        if (t.type() == DType.I32)
            throw new CheckpointException(file.path(), name, "F32, BF16 or F16", "I32", "weights are not integers");
        return t;
    }

    private CheckpointException wrong(String name, String expected, Shape found) {
        return new CheckpointException(file.path(), name, expected + " by the base", found.toString(), HINT);
    }
}
