package dev.prairie.app.peer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * llama.cpp on a GGUF file, in a process of its own. Its times are taken as its {@code llama-bench} takes them: batches of
 * 2,048 computed 512 at a time, an F16 cache that begins empty, logits of the last token alone, no sampling. It computes
 * only while a method of this class waits for it.
 */
public final class LlamaPeer implements AutoCloseable {
    private final PeerProcess process;
    private final String name;

    private LlamaPeer(PeerProcess process, int threads) {
        this.process = process;
        process.say("hello " + threads);
        name = process.answer();
    }

    /**
     * Starts the peer; whoever starts it closes it.
     *
     * @param root    the folder of Prairie, where {@code -Ppeers} has built
     * @param threads threads that it computes with, prompts and single tokens alike
     * @throws PeerException if it has not been built, or does not start
     */
    public static LlamaPeer start(Path root, int threads) {
        Path library = root.resolve("peers/target/native/libjllama.so");
        List<String> main = List.of("dev.prairie.peers.LlamaMain", library.toString());
        return new LlamaPeer(PeerProcess.start(root, List.of(), main, builder -> {}), threads);
    }

    /** Its build, and the instruction sets it was compiled for: {@code llama.cpp b4916 (SSE3, AVX, …)}. */
    public String name() {
        return name;
    }

    /**
     * Opens a file in place of the one before.
     *
     * @param context positions that its cache holds
     * @param flash   attention in tiles, which its own bench leaves off
     * @return seconds that took
     * @throws PeerException if llama.cpp does not load the file; the peer ends with that
     */
    public double open(Path model, int context, boolean flash) {
        return open(model, context, flash, 1);
    }

    /** The same for {@code streams} sequences that share the cache. */
    public double open(Path model, int context, boolean flash, int streams) {
        String path = URLEncoder.encode(model.toAbsolutePath().toString(), UTF_8);
        return Double.parseDouble(ask("open " + path + " " + context + " " + flash + " " + streams)
                .split(" ", -1)[1]);
    }

    /** Seconds for a prompt of {@code tokens} random ids into an empty cache. */
    public double prefill(int tokens) {
        return Double.parseDouble(ask("prefill " + tokens));
    }

    /** Seconds for {@code tokens} random ids, one by one, into an empty cache. */
    public double decode(int tokens) {
        return Double.parseDouble(ask("decode " + tokens));
    }

    /**
     * Seconds in which all streams say {@code count} tokens each after random prompts of {@code prompt}: the prompts first,
     * then a token of every stream at a time, the likeliest, as the loop over the slots of its server does it, but without
     * any HTTP, JSON or text.
     */
    public double streams(int prompt, int count) {
        return Double.parseDouble(ask("streams " + prompt + " " + count));
    }

    /** The likeliest {@code count} ids after these, each of all before it; the first of equals. */
    public int[] greedy(int[] prompt, int count) {
        process.say("greedy " + count + " " + prompt.length);
        process.send(prompt);
        return ids(process.answer());
    }

    /** Logits (V) after these ids. */
    public float[] logits(int[] ids) {
        process.say("logits " + ids.length);
        process.send(ids);
        byte[] bytes = Base64.getDecoder().decode(process.answer());
        float[] logits = new float[bytes.length / 4];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(logits);
        return logits;
    }

    /** Ids of a text, with what the file says begins and ends one; special tokens in the text are text. */
    public int[] tokenize(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        process.say("tokenize " + bytes.length);
        process.send(bytes);
        return ids(process.answer());
    }

    /**
     * Perplexity of a text by llama.cpp's definition.
     *
     * @param context tokens of a piece, of which the second half counts; the text must fill two
     */
    public double perplexity(String text, int context) {
        byte[] bytes = text.getBytes(UTF_8);
        process.say("perplexity " + context + " " + bytes.length);
        process.send(bytes);
        return Double.parseDouble(process.answer());
    }

    private String ask(String line) {
        process.say(line);
        return process.answer();
    }

    private static int[] ids(String words) {
        return words.isEmpty()
                ? new int[0]
                : Arrays.stream(words.split(" ", -1))
                        .mapToInt(Integer::parseInt)
                        .toArray();
    }

    @Override
    public void close() {
        process.close();
    }
}
