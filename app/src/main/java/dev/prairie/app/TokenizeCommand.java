package dev.prairie.app;

import dev.prairie.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

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

    @Override
    public Integer call() {
        if (text != null && file != null) throw new UserException("--text and --file both give a text; leave one out");
        String input = input();
        Tokenizer tokenizer = ModelTokenizer.of(LoadedModel.resolve(model));
        PrintWriter out = spec.commandLine().getOut();
        if (separator != null) {
            for (String part : input.split(Pattern.quote("\n" + separator + "\n"), -1))
                out.println(line(tokenizer, ids(tokenizer, part)));
        } else if (json) {
            out.println(line(tokenizer, ids(tokenizer, input)));
        } else {
            for (int id : ids(tokenizer, input)) out.printf("%8d  %s%n", id, tokenizer.spelling(id));
        }
        out.flush();
        return 0;
    }

    private int[] ids(Tokenizer tokenizer, String part) {
        return plain ? tokenizer.encode(part) : tokenizer.frame(tokenizer.encodeWithSpecials(part));
    }

    /** A line of the answer. */
    private static ObjectNode line(Tokenizer tokenizer, int[] ids) {
        var line = JsonMapper.shared().createObjectNode();
        var numbers = line.putArray("ids");
        var pieces = line.putArray("pieces");
        for (int id : ids) {
            numbers.add(id);
            pieces.add(tokenizer.spelling(id));
        }
        return line;
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
