package dev.prairie.app;

import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "tokenize",
        description = "Shows the tokens that a model makes of a text.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  prairie tokenize model.gguf --text \"Hello world\"",
            "  prairie tokenize model/ --file book.txt --no-special --json",
            "  prairie tokenize model.gguf --file texts.inp --lines-separated-by __ggml_vocab_test__"
        })
final class TokenizeCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            index = "0",
            paramLabel = "MODEL",
            description = "A GGUF file (one without weights will do), a model's folder, a run, a tokenizer.json, or"
                    + " llama2.c's tokenizer.bin.")
    private Path model = Path.of("");

    @Option(names = "--text", paramLabel = "TEXT", description = "The text. Default: standard input.")
    @Nullable
    private String text;

    @Option(names = "--file", paramLabel = "FILE", description = "A file that holds the text, in UTF-8.")
    @Nullable
    private Path file;

    @Option(
            names = "--no-special",
            description = "Adds no special tokens, and takes those spelled in the text for ordinary text.")
    private boolean plain;

    @Option(names = "--json", description = "One line: {\"ids\":[...],\"pieces\":[...]}.")
    private boolean json;

    @Option(
            names = "--lines-separated-by",
            paramLabel = "LINE",
            description = "The input holds several texts, with a line like this between them; one line of JSON each.")
    @Nullable
    private String separator;

    /** A line of the answer. */
    @SuppressWarnings("ArrayRecordComponent") // written once, never compared
    private record Line(int[] ids, List<String> pieces) {}

    @Override
    public Integer call() {
        if (text != null && file != null) throw new UserException("--text and --file both give a text; leave one out");
        String input = input();
        Tokenizer tokenizer = ModelTokenizer.of(LoadedModel.resolve(model));
        PrintWriter out = spec.commandLine().getOut();
        if (separator != null) {
            for (String part : input.split(Pattern.quote("\n" + separator + "\n"), -1))
                out.println(JsonMapper.shared().writeValueAsString(line(tokenizer, part)));
        } else if (json) {
            out.println(JsonMapper.shared().writeValueAsString(line(tokenizer, input)));
        } else {
            Line line = line(tokenizer, input);
            for (int i = 0; i < line.ids().length; i++)
                out.printf("%8d  %s%n", line.ids()[i], line.pieces().get(i));
        }
        out.flush();
        return 0;
    }

    private Line line(Tokenizer tokenizer, String part) {
        int[] ids = plain ? tokenizer.encode(part) : tokenizer.frame(tokenizer.encodeWithSpecials(part));
        return new Line(ids, Arrays.stream(ids).mapToObj(tokenizer::spelling).toList());
    }

    private String input() {
        if (text != null) return text;
        if (file != null && !Files.isRegularFile(file))
            throw new UserException("no such file: " + file + "; give the path of a text, or --text TEXT");
        try {
            byte[] bytes = file == null ? System.in.readAllBytes() : Files.readAllBytes(file);
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException failure) {
            throw new UncheckedIOException("the text cannot be read", failure);
        }
    }
}
