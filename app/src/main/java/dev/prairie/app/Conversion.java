package dev.prairie.app;

import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.checkpoint.Gguf;
import dev.prairie.model.checkpoint.GgufModel;
import dev.prairie.model.checkpoint.GgufValue;
import dev.prairie.model.checkpoint.GgufWriter;
import dev.prairie.model.checkpoint.ModelFolder;
import dev.prairie.model.checkpoint.TensorEntry;
import dev.prairie.model.quantize.Quantizer;
import dev.prairie.model.quantize.WeightMix;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.device.Device;
import dev.prairie.text.template.ChatTemplate;
import dev.prairie.text.tokenizer.Tokenizer;
import dev.prairie.text.tokenizer.VocabularyTables;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A model from one form into another, tensor by tensor, and with it what belongs to it: tokenizer and chat template. */
final class Conversion {
    /** What stands beside the weights in a folder, and goes with them as it is. */
    private static final List<String> BESIDE = List.of(
            "tokenizer.json",
            "tokenizer_config.json",
            "tokenizer.model",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "vocab.txt",
            "chat_template.jinja",
            "chat_template.json",
            "generation_config.json",
            "modules.json",
            "1_Pooling/config.json");

    private static final String FILE_TYPE = "general.file_type", VERSION = "general.quantization_version";
    private static final String TEMPLATE = "tokenizer.chat_template";

    /** The layouts of quantised types have changed once, and this is the second. */
    private static final int SECOND = 2;

    /**
     * What came of it.
     *
     * @param types how many tensors have which type, for people
     */
    record Written(int tensors, String types, long bytes) {}

    private final Path from;
    private final @Nullable Path tokenizerFile;
    private final WeightMix mix;
    private final boolean requantize;
    private final DeviceOptions devices;
    private final Terminal progress = new Terminal();

    Conversion(Path from, @Nullable Path tokenizerFile, WeightMix mix, boolean requantize, DeviceOptions devices) {
        this.from = from;
        this.tokenizerFile = tokenizerFile;
        this.mix = mix;
        this.requantize = requantize;
        this.devices = devices;
    }

    Written toGguf(Path out) throws IOException {
        try (Arena arena = Arena.ofShared();
                Device device = devices.open()) {
            var values = new LinkedHashMap<String, GgufValue>();
            List<TensorEntry> entries = Gguf.is(from) ? same(values, arena) : described(values, arena);
            var shapes = new LinkedHashMap<String, Shape>();
            for (TensorEntry entry : entries) shapes.put(entry.name(), entry.shape());
            Map<String, DType> types = mix.types(shapes);
            refuseTwice(entries, types);
            values.put(FILE_TYPE, GgufValue.u32(mix.fileType()));
            if (mix.most().quantized()) values.put(VERSION, GgufValue.u32(SECOND));
            var quantizer = new Quantizer(device.kernels());
            List<TensorEntry> made = new ArrayList<>();
            for (TensorEntry entry : entries)
                made.add(quantizer.convert(entry, types.getOrDefault(entry.name(), entry.type())));
            Files.createDirectories(out.toAbsolutePath().resolveSibling(""));
            GgufWriter.write(out, values, watched(made));
            return written(made);
        } finally {
            progress.end();
        }
    }

    Written toFolder(Path out) throws IOException {
        try (Arena arena = Arena.ofShared();
                Device device = devices.open()) {
            Checkpoint checkpoint = Checkpoint.load(from, arena);
            var quantizer = new Quantizer(device.kernels());
            List<TensorEntry> made = new ArrayList<>();
            Files.createDirectories(out);
            ModelFolder.save(out, checkpoint, entry -> {
                TensorEntry converted = entry.shape().rank() < 2 ? entry : quantizer.convert(entry, mix.most());
                made.add(converted);
                return watched(converted, made.size(), made);
            });
            if (Gguf.is(from)
                    || tokenizerFile != null
                    || !Files.exists(Paths.beside(from).resolve("tokenizer.json"))) writeTokenizer(out);
            else copyBeside(out);
            return written(made);
        } finally {
            progress.end();
        }
    }

    // ---- where it comes from ----------------------------------------------------------------------------------

    /** All that a GGUF file says and holds; of what architecture, is of no importance here. */
    private List<TensorEntry> same(Map<String, GgufValue> values, Arena arena) throws IOException {
        Gguf file = Gguf.open(from, arena);
        file.metadata().values().forEach((key, value) -> {
            if (!key.startsWith("split.")) values.put(key, value);
        });
        if (tokenizerFile != null)
            values.putAll(TokenizerValues.of(VocabularyTables.of(
                    ModelTokenizer.of(tokenizerFile),
                    file.metadata().texts("tokenizer.ggml.tokens").size())));
        return file.names().stream()
                .map(name -> TensorEntry.of(name, file.tensor(name)))
                .toList();
    }

    private List<TensorEntry> described(Map<String, GgufValue> values, Arena arena) throws IOException {
        Checkpoint checkpoint = Checkpoint.load(from, arena);
        Map<String, GgufValue> model = GgufModel.metadata(checkpoint);
        values.putAll(model);
        values.put("general.name", GgufValue.of(Paths.name(from)));
        values.putAll(TokenizerValues.of(
                VocabularyTables.of(tokenizer(), checkpoint.config().vocabulary())));
        model.forEach((key, value) -> { // the model's own word on which ids begin and end a text
            if (key.startsWith("tokenizer.")) values.put(key, value);
        });
        ModelChat.template(from).ifPresent(template -> values.put(TEMPLATE, GgufValue.of(template.source())));
        return withHead(GgufModel.entries(checkpoint), values);
    }

    /** Builds of llama.cpp do not open a GPT-2 whose head is its table, unless it is written twice. */
    private static List<TensorEntry> withHead(List<TensorEntry> entries, Map<String, GgufValue> values) {
        var all = new ArrayList<TensorEntry>(entries);
        boolean gpt2 = values.containsKey("gpt2.block_count");
        if (gpt2 && entries.stream().noneMatch(e -> e.name().equals("output.weight")))
            for (TensorEntry e : entries)
                if (e.name().equals("token_embd.weight"))
                    all.add(new TensorEntry("output.weight", e.type(), e.shape(), e.content()));
        return all;
    }

    private Tokenizer tokenizer() {
        return ModelTokenizer.of(tokenizerFile != null ? tokenizerFile : from);
    }

    private void refuseTwice(List<TensorEntry> entries, Map<String, DType> types) {
        for (TensorEntry entry : entries) {
            DType type = types.getOrDefault(entry.name(), entry.type());
            if (!requantize && entry.type().quantized() && type.quantized() && type != entry.type())
                throw new UserException(
                        entry.name() + " is " + entry.type() + " already and would be quantised again, to " + type
                                + "; convert the original, or say --requantize and lose a little more");
        }
    }

    // ---- where it goes ----------------------------------------------------------------------------------------

    private List<TensorEntry> watched(List<TensorEntry> entries) {
        var watched = new ArrayList<TensorEntry>();
        for (TensorEntry entry : entries) watched.add(watched(entry, watched.size() + 1, entries));
        return watched;
    }

    private TensorEntry watched(TensorEntry entry, int number, List<TensorEntry> all) {
        return new TensorEntry(entry.name(), entry.type(), entry.shape(), arena -> {
            progress.progress(number, all.size(), entry.name());
            return entry.content().apply(arena);
        });
    }

    private static Written written(List<TensorEntry> entries) {
        var counts = new EnumMap<DType, Integer>(DType.class);
        long bytes = 0;
        for (TensorEntry entry : entries) {
            counts.merge(entry.type(), 1, Integer::sum);
            bytes += entry.bytes();
        }
        String types = counts.entrySet().stream()
                .map(e -> e.getValue() + " " + e.getKey())
                .collect(Collectors.joining(", "));
        return new Written(entries.size(), types, bytes);
    }

    private void writeTokenizer(Path out) throws IOException {
        tokenizer().save(out.resolve("tokenizer.json"));
        Optional<ChatTemplate> template = ModelChat.template(from);
        if (template.isPresent())
            Files.writeString(out.resolve("chat_template.jinja"), template.get().source());
    }

    private void copyBeside(Path out) throws IOException {
        for (String name : BESIDE) {
            Path file = Paths.beside(from).resolve(name);
            if (!Files.isRegularFile(file)) continue;
            Path to = out.resolve(name);
            Files.createDirectories(to.toAbsolutePath().resolveSibling(""));
            Files.copy(file, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
