package dev.prairie.model.checkpoint;

import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.LowRank;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An adapter in a GGUF file: keys and names as llama.cpp's {@code convert_lora_to_gguf.py} writes and
 * {@code llama-adapter.cpp} reads them.
 */
final class GgufAdapter {
    private static final String TYPE = "general.type", KIND = "adapter.type", ARCHITECTURE = "general.architecture";
    private static final String ALPHA = "adapter.lora.alpha", AFTER = "adapter.alora.invocation_tokens";
    private static final String A = ".lora_a", B = ".lora_b";

    private GgufAdapter() {}

    static Map<String, LowRank> load(Gguf gguf, TransformerConfig config, Arena arena) {
        GgufMetadata said = gguf.metadata();
        expect(gguf, TYPE, "adapter", said.text(TYPE, "nothing"), "give a model by its own option");
        expect(gguf, KIND, "lora", said.text(KIND, "nothing"), "no other kind is supported");
        if (said.has(AFTER))
            expect(gguf, AFTER, "nothing", "tokens that switch it on", "this is not supported; train a plain LoRA");
        String architecture = said.text(ARCHITECTURE);
        List<Names> tables = Family.inGguf(architecture).stream()
                .map(Family::ggufNames)
                .distinct()
                .toList();
        if (tables.isEmpty())
            throw new CheckpointException(
                    gguf.path(),
                    ARCHITECTURE,
                    "one of " + Family.ggufArchitectures(),
                    architecture,
                    "the base is of a kind that is not supported");
        double alpha = said.number(ALPHA, 0);
        if (!Double.isFinite(alpha))
            throw new CheckpointException(
                    gguf.path(), ALPHA, "a finite number", String.valueOf(alpha), "the file is damaged");
        // No alpha means a scale of 1, as there (llama-adapter.h, get_scale).
        AdapterTensors.Scales scales = (weight, rank) -> alpha == 0 ? 1 : (float) (alpha / rank);
        return new AdapterTensors(gguf, pairs(gguf), config, scales).read(tables, arena);
    }

    private static Map<String, AdapterTensors.Pair> pairs(Gguf gguf) {
        var pairs = new LinkedHashMap<String, AdapterTensors.Pair>();
        for (String name : gguf.names()) {
            boolean matrix = name.endsWith(A) || name.endsWith(B);
            if (!matrix) expect(gguf, name, "matrices lora_a and lora_b alone", "another tensor", "train a plain LoRA");
            String weight = name.substring(0, name.length() - A.length());
            pairs.put(weight, new AdapterTensors.Pair(weight + A, weight + B));
        }
        return pairs;
    }

    private static void expect(Gguf gguf, String where, String expected, String found, String hint) {
        if (!found.equals(expected)) throw new CheckpointException(gguf.path(), where, expected, found, hint);
    }
}
