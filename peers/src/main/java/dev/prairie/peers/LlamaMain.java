package dev.prairie.peers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * llama.cpp in a process of its own, for the same reasons as libtorch. Answers on a {@link Pipe}, one model at a time:
 *
 * <pre>
 * hello THREADS                → ok NAME
 * open PATH CONTEXT FLASH N    → ok VOCABULARY SECONDS    a GGUF file, its path URL-encoded; N streams; closes the one before
 * prefill N                    → ok SECONDS               a prompt of N random tokens
 * decode N                     → ok SECONDS               N random tokens one by one
 * streams PROMPT COUNT         → ok SECONDS               COUNT tokens of every stream after PROMPT random ones
 * greedy COUNT N  i32 …        → ok ID ID …               likeliest continuations of N ids
 * logits N  i32 …              → ok BASE64                of the last of N ids: f32, little-endian
 * tokenize N  u8 …             → ok ID ID …               N bytes of UTF-8, as a text of its own
 * perplexity CONTEXT N  u8 …   → ok PERPLEXITY            of N bytes of UTF-8, by llama.cpp's definition
 * close                        → ok
 * </pre>
 */
public final class LlamaMain {
    private final Path file;
    private Optional<LlamaLibrary> library = Optional.empty();
    private Optional<LlamaModel> model = Optional.empty();
    private int threads;

    private LlamaMain(Path file) {
        this.file = file;
    }

    /** Takes the file of the library. */
    public static void main(String[] args) throws IOException {
        Pipe.serve(new LlamaMain(Path.of(args[0]))::answer);
    }

    private String answer(String[] words, Pipe pipe) throws IOException {
        return switch (words[0]) {
            case "hello" -> {
                threads = number(words[1]);
                library = Optional.of(LlamaLibrary.open(file));
                yield library.get().name();
            }
            case "open" ->
                open(
                        URLDecoder.decode(words[1], UTF_8),
                        number(words[2]),
                        Boolean.parseBoolean(words[3]),
                        number(words[4]));
            case "prefill" -> String.valueOf(model().prefill(number(words[1])));
            case "decode" -> String.valueOf(model().decode(number(words[1])));
            case "streams" -> String.valueOf(model().streams(number(words[1]), number(words[2])));
            case "greedy" -> ids(model().greedy(pipe.ints(number(words[2])), number(words[1])));
            case "logits" -> base64(model().logits(pipe.ints(number(words[1]))));
            case "tokenize" -> ids(model().tokenize(pipe.bytes(number(words[1]))));
            case "perplexity" -> String.valueOf(model().perplexity(pipe.bytes(number(words[2])), number(words[1])));
            case "close" -> {
                close();
                yield "";
            }
            default -> throw new IllegalArgumentException("peer: no request " + words[0]);
        };
    }

    private String open(String path, int context, boolean flash, int streams) {
        close();
        long began = System.nanoTime();
        var opened = new LlamaModel(library.orElseThrow(), path, threads, context, flash, streams);
        double seconds = (System.nanoTime() - began) / 1e9;
        model = Optional.of(opened);
        return opened.vocabularySize() + " " + seconds;
    }

    private LlamaModel model() {
        return model.orElseThrow(() -> new IllegalStateException("peer: no model is open"));
    }

    private void close() {
        model.ifPresent(LlamaModel::close);
        model = Optional.empty();
    }

    private static int number(String word) {
        return Integer.parseInt(word);
    }

    private static String ids(int[] ids) {
        return Arrays.stream(ids).mapToObj(String::valueOf).collect(Collectors.joining(" "));
    }

    private static String base64(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
