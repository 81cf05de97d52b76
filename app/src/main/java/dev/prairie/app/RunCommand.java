package dev.prairie.app;

import dev.prairie.model.generate.Sampling;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.serve.http.ChatFormat;
import dev.prairie.text.tokenizer.StreamDecoder;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    private final ChatFormat format = ChatFormat.plain();

    @Override
    public Integer call() {
        if (maxTokens < 1) throw new UserException("--max-tokens is " + maxTokens + "; give at least 1");
        Sampling chosen = sampling.sampling();
        try (LoadedModel loaded = LoadedModel.open(path, tokenizer, devices)) {
            PrintWriter out = spec.commandLine().getOut();
            if (prompt == null) {
                if (raw) throw new UserException("--raw continues a prompt; give one after the model");
                chat(loaded.model(), chosen, out);
            } else {
                String text = raw ? prompt : format.prompt(List.of(new ChatFormat.Message("user", prompt)));
                if (raw) out.print(prompt);
                answer(loaded.model(), text, chosen, out);
                if (!raw || Terminal.isTerminal()) out.println(); // in a pipe, raw is the text and not a byte more
                out.flush();
            }
        }
        return 0;
    }

    /** Prints as it comes; returns what was printed. */
    private String answer(ServedModel model, String text, Sampling chosen, PrintWriter out) {
        int[] ids = model.encode(text);
        if (ids.length == 0)
            ids = new int[] {
                model.tokenizer()
                        .eos()
                        .orElseThrow(() ->
                                new UserException("the prompt is empty; this model needs something to" + " continue"))
            };
        int context = model.contextLength();
        if (ids.length >= context)
            throw new UserException(
                    "the prompt has " + ids.length + " tokens, the model's context holds " + context + "; shorten it");
        StreamDecoder decoder = model.tokenizer().streamAfter(ids);
        var printed = new StringBuilder();
        int end = model.tokenizer().eos().orElse(-1);
        new dev.prairie.model.generate.Generator(model.transformer(), model.kernels())
                .generate(ids, maxTokens, chosen, id -> {
                    if (id == end || id >= model.vocabularySize()) return false;
                    String piece = decoder.append(id);
                    printed.append(piece);
                    out.print(piece);
                    out.flush();
                    return true;
                });
        String rest = decoder.flush();
        out.print(rest);
        return printed.append(rest).toString();
    }

    private void chat(ServedModel model, Sampling chosen, PrintWriter out) {
        try (var terminal = TerminalBuilder.builder()
                .encoding(StandardCharsets.UTF_8)
                .dumb(true)
                .build()) {
            LineReader reader = LineReaderBuilder.builder().terminal(terminal).build();
            PrintWriter screen = terminal.writer();
            screen.println(model.id() + ": a base model continues what you write. /clear forgets, /exit ends.");
            var history = new ArrayList<ChatFormat.Message>();
            while (true) {
                String line = reader.readLine("> ");
                switch (line.strip()) {
                    case "" -> {}
                    case "/exit", "/quit" -> {
                        return;
                    }
                    case "/clear" -> history.clear();
                    default -> {
                        history.add(new ChatFormat.Message("user", line));
                        forgetWhatDoesNotFit(model, history);
                        String said = answer(model, format.prompt(history), chosen, screen);
                        screen.println();
                        history.add(new ChatFormat.Message("assistant", said));
                    }
                }
            }
        } catch (EndOfFileException | UserInterruptException ended) {
            out.flush(); // Ctrl-D and Ctrl-C end a chat
        } catch (IOException failure) {
            throw new UncheckedIOException("the terminal cannot be used", failure);
        }
    }

    /** The oldest exchanges go first; half of the context is left for the answer. */
    private void forgetWhatDoesNotFit(ServedModel model, List<ChatFormat.Message> history) {
        while (history.size() > 1 && model.encode(format.prompt(history)).length > model.contextLength() / 2)
            history.removeFirst();
        ChatFormat.Message last = history.getLast();
        int[] ids = model.encode(last.text());
        int room = model.contextLength() / 2;
        if (ids.length > room)
            history.set(
                    history.size() - 1,
                    new ChatFormat.Message(
                            last.role(),
                            model.tokenizer().decode(Arrays.copyOfRange(ids, ids.length - room, ids.length))));
    }
}
