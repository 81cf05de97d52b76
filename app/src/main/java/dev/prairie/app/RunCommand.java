package dev.prairie.app;

import dev.prairie.model.generate.Sampling;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.text.tokenizer.StreamDecoder;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "run",
        description = "Continues a prompt with a model, or chats in the terminal.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  prairie run runs/quickstart                      chat; /clear forgets, /exit ends",
            "  prairie run runs/quickstart \"public class\" --raw",
            "  prairie run Qwen/Qwen3-0.6B                      what prairie pull has got",
            "  prairie run stories260K.bin \"Once upon a time\" --raw --temperature 0"
        })
final class RunCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            index = "0",
            paramLabel = "MODEL",
            description = "A run's folder, a model's folder, a model file, or OWNER/NAME.")
    private Path path = Path.of("");

    @Parameters(index = "1", arity = "0..1", paramLabel = "PROMPT", description = "What to continue.")
    @Nullable
    private String prompt;

    @Option(names = "--raw", description = "No chat format; print the prompt and its continuation, and nothing else.")
    private boolean raw;

    @Option(names = "--max-tokens", paramLabel = "N", description = "Most tokens of an answer. Default: 256.")
    private int maxTokens = 256;

    @Option(names = "--tokenizer", paramLabel = "FILE", description = "Where it does not lie beside the model.")
    @Nullable
    private Path tokenizer;

    @Option(
            names = "--adapter",
            paramLabel = "PATH",
            description = "A LoRA adapter of the model: a PEFT folder or a GGUF file.")
    @Nullable
    private Path adapter;

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    @Mixin
    private CacheOptions cache = new CacheOptions();

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told before the first turn.")
    @Nullable
    private String system;

    @Option(
            names = "--no-think",
            description = "Asks the model to answer at once; for models whose chat template can ask it.")
    private boolean noThink;

    @Override
    public Integer call() {
        if (maxTokens < 1) throw new UserException("--max-tokens is " + maxTokens + "; give at least 1");
        Sampling chosen = sampling.sampling();
        try (LoadedModel loaded = LoadedModel.open(path, tokenizer, adapters(), devices, cache)) {
            PrintWriter out = spec.commandLine().getOut();
            if (prompt == null) {
                if (raw) throw new UserException("--raw continues a prompt; give one after the model");
                chat(
                        loaded,
                        conversation(loaded, chosen),
                        cache.estimate(loaded.model().transformer().config()),
                        out);
            } else if (raw) {
                out.print(prompt);
                answer(loaded.model(), prompt, chosen, out);
            } else {
                conversation(loaded, chosen).answer(prompt, out);
            }
            if (prompt != null) {
                if (!raw || Terminal.isTerminal()) out.println(); // in a pipe, raw is the text and not a byte more
                out.flush();
            }
        }
        return 0;
    }

    private Map<String, Path> adapters() {
        return adapter == null ? Map.of() : Map.of(Paths.name(adapter), adapter);
    }

    private @Nullable String adapterName() {
        return adapter == null ? null : Paths.name(adapter);
    }

    private Chat conversation(LoadedModel loaded, Sampling chosen) {
        return new Chat(
                loaded,
                loaded.model().generator(adapterName()),
                chosen,
                maxTokens,
                Optional.ofNullable(system),
                !noThink);
    }

    /** Prints as it comes. */
    private void answer(ServedModel model, String text, Sampling chosen, PrintWriter out) {
        int[] ids = begun(model, model.encode(text));
        StreamDecoder decoder = model.tokenizer().streamAfter(ids);
        model.generator(adapterName()).generate(ids, maxTokens, chosen, id -> {
            if (model.endsText(id) || id >= model.vocabularySize()) return false;
            out.print(decoder.append(id));
            out.flush();
            return true;
        });
        out.print(decoder.flush());
    }

    /** A prompt that the model can continue: not empty, and shorter than its context. */
    static int[] begun(ServedModel model, int[] ids) {
        if (ids.length == 0)
            return new int[] {
                model.tokenizer()
                        .eos()
                        .orElseThrow(
                                () -> new UserException("the prompt is empty; this model needs something to continue"))
            };
        if (ids.length >= model.contextLength())
            throw new UserException("the prompt has " + ids.length + " tokens, the model's context holds "
                    + model.contextLength() + "; shorten it");
        return ids;
    }

    private static void chat(LoadedModel loaded, Chat chat, String estimate, PrintWriter out) {
        try (var terminal = TerminalBuilder.builder()
                .encoding(StandardCharsets.UTF_8)
                .dumb(true)
                .build()) {
            LineReader reader = LineReaderBuilder.builder().terminal(terminal).build();
            PrintWriter screen = terminal.writer();
            String kind = loaded.chat().templated() ? "" : " a base model continues what you write.";
            screen.println(loaded.model().id() + ":" + kind + " /clear forgets, /exit ends.");
            screen.println(estimate);
            while (true) {
                String line = reader.readLine("> ");
                switch (line.strip()) {
                    case "" -> {}
                    case "/exit", "/quit" -> {
                        return;
                    }
                    case "/clear" -> chat.clear();
                    default -> {
                        chat.answer(line, screen);
                        screen.println();
                    }
                }
            }
        } catch (EndOfFileException | UserInterruptException ended) {
            out.flush(); // Ctrl-D and Ctrl-C end a chat
        } catch (IOException failure) {
            throw new UncheckedIOException("the terminal cannot be used", failure);
        }
    }
}
