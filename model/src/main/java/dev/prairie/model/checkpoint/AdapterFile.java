package dev.prairie.model.checkpoint;

import dev.prairie.model.transformer.Adapter;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.LowRank;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Adapters in files: folders as Hugging Face PEFT writes them ({@code adapter_config.json} and
 * {@code adapter_model.safetensors}), and GGUF files as llama.cpp converts them to. Plain LoRA of the projections of a
 * model's layers; whatever else a file asks for is refused by name.
 */
public final class AdapterFile {
    private AdapterFile() {}

    /**
     * Loads an adapter for a base of this form. Its numbers keep the types that they have in the file, A possibly the
     * mapped file itself; {@link Adapter#beside} makes of them what a device runs best. They live as long as {@code arena},
     * which must be shared if a device with several threads shall read them.
     *
     * @param name what the adapter is asked for by
     * @throws CheckpointException for what is missing, damaged, of another base, or of a kind that is not supported
     */
    public static Adapter load(Path path, String name, TransformerConfig base, Arena arena) throws IOException {
        if (!Files.exists(path))
            throw new CheckpointException(path, "adapter", "a PEFT folder or a GGUF file", "nothing", "check the path");
        Map<String, LowRank> weights = Gguf.is(path)
                ? GgufAdapter.load(Gguf.open(path, arena), base, arena)
                : PeftFolder.load(path, base, arena);
        return new Adapter(name, weights);
    }

    /**
     * Writes an adapter as PEFT reads it, its configuration and its matrices, each completely or not at all. Creates the
     * folder.
     *
     * @param base what the model is that it changes
     * @throws IllegalArgumentException for a form of base that no family has, or for projections that files of its family
     *     hold in one tensor and that do not share their A
     */
    public static void save(Path folder, Adapter adapter, TransformerConfig base) throws IOException {
        PeftFolder.save(folder, adapter, base);
    }
}
