package dev.prairie.model.checkpoint;

import dev.prairie.model.checkpoint.Names.Form;
import dev.prairie.model.checkpoint.Parameters.Group;
import dev.prairie.model.transformer.Adapter;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.SerializationFeature;

/** Adapters in the layout of Hugging Face PEFT: {@code adapter_config.json} and {@code adapter_model.safetensors}. */
final class PeftFolder {
    /** The file with the matrices. */
    static final String FILE = "adapter_model.safetensors";

    /** What stands before the base's own names. */
    private static final String WRAPPED = "base_model.model.";

    private static final Pattern MATRIX = Pattern.compile("(?:base_model\\.model\\.)?(.+)\\.lora_([AB])\\.weight");

    private PeftFolder() {}

    static Map<String, LowRank> load(Path path, TransformerConfig config, Arena arena) throws IOException {
        Path folder = Files.isDirectory(path) ? path : path.resolveSibling("");
        PeftConfig described = PeftConfig.read(folder.resolve(PeftConfig.FILE));
        Path file = Files.isDirectory(path) ? path.resolve(FILE) : path;
        if (!Files.isRegularFile(file))
            throw new CheckpointException(
                    file,
                    "file",
                    "the adapter's matrices",
                    "nothing",
                    "save them as safetensors, other forms are not read");
        Safetensors tensors = Safetensors.open(file, arena);
        var tables = Family.all().stream().map(Family::names).toList();
        return new AdapterTensors(
                        tensors,
                        pairs(tensors),
                        config,
                        (weight, rank) ->
                                described.scale(weight.substring(0, weight.length() - ".weight".length()), rank))
                .read(tables, arena);
    }

    private static Map<String, AdapterTensors.Pair> pairs(Safetensors tensors) {
        var pairs = new LinkedHashMap<String, AdapterTensors.Pair>();
        for (String name : new TreeSet<>(tensors.names())) {
            Matcher m = MATRIX.matcher(name);
            if (!m.matches()) throw foreign(tensors.path(), name);
            String stem = name.substring(0, m.end(1));
            pairs.put(
                    m.group(1) + ".weight", new AdapterTensors.Pair(stem + ".lora_A.weight", stem + ".lora_B.weight"));
        }
        return pairs;
    }

    private static CheckpointException foreign(Path file, String name) {
        String kind = name.contains("lora_magnitude_vector")
                ? "a magnitude of DoRA"
                : name.contains("lora_embedding") ? "a change to a table" : "another tensor";
        return new CheckpointException(
                file, name, "matrices lora_A and lora_B alone", kind, "this is not supported; train a plain LoRA");
    }

    // ---- writing -----------------------------------------------------------------------------------------------

    /** Both files, each completely or not at all; quantised matrices are written as F32. */
    static void save(Path folder, Adapter adapter, TransformerConfig config) throws IOException {
        Family family = ConfigFile.familyOf(config);
        Names names = family.names();
        var entries = new ArrayList<TensorEntry>();
        var ranks = new LinkedHashMap<String, Integer>();
        var alphas = new LinkedHashMap<String, Double>();
        boolean columns = false;
        for (Group group :
                Parameters.groups(config.projections(), names, names.prefix()).values()) {
            List<LowRank> parts = parts(group, adapter);
            if (parts.isEmpty()) continue;
            LowRank first = parts.getFirst();
            String module = group.name().substring(0, group.name().length() - ".weight".length());
            DType typeA = plain(first.a().type()), typeB = plain(first.b().type());
            Shape b = Shape.of(group.rows().dim(0), first.rank());
            entries.add(new TensorEntry(
                    WRAPPED + module + ".lora_A.weight", typeA, first.a().shape(), arena -> plain(first.a(), arena)));
            entries.add(new TensorEntry(WRAPPED + module + ".lora_B.weight", typeB, b, arena -> {
                var turned = parts.stream()
                        .map(part -> Parameters.transposed(plain(part.b(), arena), arena))
                        .toList();
                return turned.size() == 1 ? turned.getFirst() : Parameters.joined(turned, b, arena);
            }));
            ranks.put(module, first.rank());
            alphas.put(module, (double) first.scale() * first.rank());
            columns |= group.form() == Form.COLUMNS;
        }
        SafetensorsWriter.write(folder.resolve(FILE), entries, Map.of("format", "pt"));
        byte[] text = Json.MAPPER
                .writer()
                .with(SerializationFeature.INDENT_OUTPUT)
                .writeValueAsBytes(described(ranks, alphas, columns));
        AtomicFile.write(folder.resolve(PeftConfig.FILE), channel -> {
            ByteBuffer bytes = ByteBuffer.wrap(text);
            while (bytes.hasRemaining()) channel.write(bytes);
        });
    }

    /** What changes the projections that one stored tensor holds: none or all, and then by way of one A. */
    private static List<LowRank> parts(Group group, Adapter adapter) {
        var parts = new ArrayList<LowRank>();
        for (String name : group.parts().keySet()) {
            LowRank part = adapter.weights().get(name);
            if (part != null) parts.add(part);
        }
        for (LowRank part : parts)
            if (parts.size() < group.parts().size()
                    || part.a() != parts.getFirst().a()
                    || part.scale() != parts.getFirst().scale()
                    || part.b().type() != parts.getFirst().b().type())
                throw new IllegalArgumentException("adapter " + adapter.name() + ": files of this family hold "
                        + group.parts().keySet() + " in one tensor, so they must share A, scale and type");
        return parts;
    }

    private static DType plain(DType type) {
        return type.quantized() ? DType.F32 : type;
    }

    private static Tensor plain(Tensor t, Arena arena) {
        return t.type().quantized() ? FloatCopy.of(t, arena) : t;
    }

    private static Map<String, Object> described(
            Map<String, Integer> ranks, Map<String, Double> alphas, boolean columns) {
        int rank = ranks.isEmpty() ? 1 : ranks.values().iterator().next();
        double alpha = alphas.isEmpty() ? 1 : alphas.values().iterator().next();
        var otherRanks = new LinkedHashMap<>(ranks);
        otherRanks.values().removeIf(r -> r == rank);
        var otherAlphas = new LinkedHashMap<>(alphas);
        otherAlphas.values().removeIf(a -> a == alpha);
        var keys = new LinkedHashMap<String, Object>();
        keys.put("peft_type", "LORA");
        keys.put("task_type", "CAUSAL_LM");
        keys.put("r", rank);
        keys.put("lora_alpha", alpha == Math.rint(alpha) && Math.abs(alpha) < 1 << 24 ? (Object) (int) alpha : alpha);
        keys.put("rank_pattern", otherRanks);
        keys.put("alpha_pattern", otherAlphas);
        keys.put("target_modules", ranks.keySet());
        keys.put("bias", "none");
        keys.put("use_rslora", false);
        keys.put("use_dora", false);
        keys.put("fan_in_fan_out", columns);
        keys.put("lora_dropout", 0.0);
        keys.put("init_lora_weights", true);
        keys.put("inference_mode", true);
        return keys;
    }
}
