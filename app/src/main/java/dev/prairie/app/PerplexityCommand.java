package dev.prairie.app;

import dev.prairie.model.generate.Perplexity;
import dev.prairie.serve.engine.ServedModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "perplexity",
        description = "How surprised a model is by a text: e to the mean loss of its tokens, as llama.cpp counts it.",
        mixinStandardHelpOptions = true,
        footer = {"", "Example:", "  prairie perplexity model.gguf wiki.test.raw --context 512"})
final class PerplexityCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(index = "0", paramLabel = "MODEL", description = "A model file, folder or name, as for run.")
    private Path path = Path.of("");

    @Parameters(index = "1", paramLabel = "FILE", description = "The text, UTF-8.")
    private Path file = Path.of("");

    @Option(
            names = "--context",
            paramLabel = "N",
            description = "Tokens that are read together; those of the second half count. Default: 512.")
    private int context = 512;

    @Option(names = "--tokenizer", paramLabel = "FILE", description = "Where it does not lie beside the model.")
    @Nullable
    private Path tokenizer;

    @Option(names = "--json", description = "One line of JSON instead.")
    private boolean json;

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    @Override
    public Integer call() {
        try (LoadedModel loaded = LoadedModel.open(path, tokenizer, devices, new CacheOptions())) {
            ServedModel model = loaded.model();
            String text = Files.readString(file);
            var progress = new Terminal();
            var result = Perplexity.of(
                    model.transformer(),
                    model.kernels(),
                    model.encode(text),
                    model.tokenizer().addsBos() ? model.tokenizer().bos() : OptionalInt.empty(),
                    context,
                    (soFar, of) -> progress.progress(
                            soFar.stretches(), of, String.format(Locale.ROOT, "perplexity %.4f", soFar.value())));
            progress.end();
            report(result);
            return 0;
        } catch (IOException unreadable) {
            throw new UncheckedIOException(file + " cannot be read as UTF-8 text", unreadable);
        }
    }

    private void report(Perplexity result) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            var line = JsonMapper.shared().createObjectNode();
            line.put("perplexity", result.value());
            line.put("error", result.error());
            line.put("tokens", result.tokens());
            line.put("chunks", result.stretches());
            line.put("context", context);
            out.println(line);
        } else
            out.printf(
                    Locale.ROOT,
                    "perplexity %.4f +/- %.4f over %,d tokens in %,d stretches of %d%n",
                    result.value(),
                    result.error(),
                    result.tokens(),
                    result.stretches(),
                    context);
        out.flush();
    }
}
