package dev.prairie.app;

import dev.prairie.model.quantize.WeightMix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "convert",
        description = "Writes a model in another file format, with weights of another type, or both.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "A GGUF file has the tokenizer and the chat template inside; other programs of the llama.cpp family open it.",
            "A folder has the Hugging Face layout and holds F32, F16 or BF16. Norms and biases stay F32, the output layer",
            "of a quantised model is Q6_K or Q8_0, and rows that are no whole blocks get the next smaller ones.",
            "",
            "Examples:",
            "  prairie convert Qwen/Qwen3-0.6B qwen3.gguf --type Q8_0",
            "  prairie convert model-f16.gguf model-q4.gguf --type Q4_K_M",
            "  prairie convert model.gguf folder --type BF16"
        })
final class ConvertCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(index = "0", paramLabel = "IN", description = "A model file, folder or name, as for run.")
    private Path in = Path.of("");

    @Parameters(index = "1", paramLabel = "OUT", description = "NAME.gguf, or a folder.")
    private Path out = Path.of("");

    @Option(
            names = "--type",
            required = true,
            paramLabel = "T",
            description = "What most weights become: ${COMPLETION-CANDIDATES}. _M: more bits where they help most.")
    private WeightMix type = WeightMix.F32;

    @Option(
            names = "--requantize",
            description = "Quantise a model that is quantised already; the original gives a better one.")
    private boolean requantize;

    @Option(names = "--tokenizer", paramLabel = "FILE", description = "Where it does not lie beside the model.")
    @Nullable
    private Path tokenizer;

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    @Override
    public Integer call() {
        boolean gguf = out.toString().endsWith(".gguf");
        if (!gguf && type.most().quantized())
            throw new UserException("a folder holds no " + type + ", only F32, F16 and BF16; name a file, OUT.gguf");
        if (!gguf && Files.isRegularFile(out))
            throw new UserException(out + " is a file; name a folder that may be made, or NAME.gguf");
        Path from = LoadedModel.resolve(in);
        try {
            if (Files.exists(out) && Files.isSameFile(from, out))
                throw new UserException(out + " is the model itself; give the new one another name");
            long start = System.nanoTime();
            var conversion = new Conversion(from, tokenizer, type, requantize, devices);
            Conversion.Written written = gguf ? conversion.toGguf(out) : conversion.toFolder(out);
            spec.commandLine()
                    .getOut()
                    .printf(
                            Locale.ROOT,
                            "%s: %d tensors, %s, %.1f MB in %.1f s%n",
                            out,
                            written.tensors(),
                            written.types(),
                            written.bytes() / 1e6,
                            (System.nanoTime() - start) / 1e9);
            return 0;
        } catch (IOException failure) {
            throw new UncheckedIOException(out + " cannot be written", failure);
        }
    }
}
