package dev.prairie.peers;

import static dev.prairie.peers.LlamaLibrary.call;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;

/** A GGUF file in llama.cpp, mapped, with one context. */
@SuppressWarnings("restricted")
final class LlamaModel implements AutoCloseable {
    /** What a call takes, and what is computed at once: the values of {@code llama-bench}. */
    private static final int BATCH = 2048;

    private static final int PHYSICAL_BATCH = 512;
    private static final int F16 = 1; // ggml's number of the type

    private final LlamaLibrary library;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment model;
    private final MemorySegment context;
    private final MemorySegment vocabulary;
    private final int vocabularySize;
    private final int capacity;
    private final MemorySegment tokens = arena.allocate(JAVA_INT, BATCH);
    private final MemorySegment positions = arena.allocate(JAVA_INT, BATCH);
    private final MemorySegment sequenceCounts = arena.allocate(JAVA_INT, BATCH);
    private final MemorySegment sequences = arena.allocate(ADDRESS, BATCH);
    private final MemorySegment sequenceNames;
    private final int streams;
    private final MemorySegment outputs = arena.allocate(BATCH);
    private final MemorySegment batch = arena.allocate(LlamaLibrary.BATCH);

    /**
     * Opens a file.
     *
     * @param capacity positions that its cache holds, in F16
     * @param flash    attention in tiles; {@code llama-bench} of this build leaves it off
     * @param streams  sequences that share the cache
     */
    LlamaModel(LlamaLibrary library, String path, int threads, int capacity, boolean flash, int streams) {
        this.library = library;
        this.capacity = capacity;
        this.streams = streams;
        model = call(() -> {
            var params = (MemorySegment) library.modelParams.invoke(arena);
            set(params, LlamaLibrary.MODEL_PARAMS, "use_mmap", true);
            return (MemorySegment) library.loadModel.invoke(arena.allocateFrom(path), params);
        });
        if (model.equals(MemorySegment.NULL))
            throw new IllegalStateException("llama.cpp does not load " + path + ": " + library.firstError());
        context = call(() -> {
            var params = (MemorySegment) library.contextParams.invoke(arena);
            set(params, "n_ctx", capacity);
            set(params, "n_batch", BATCH);
            set(params, "n_ubatch", PHYSICAL_BATCH);
            set(params, "n_seq_max", streams);
            set(params, "n_threads", threads);
            set(params, "n_threads_batch", threads);
            set(params, "type_k", F16);
            set(params, "type_v", F16);
            set(params, LlamaLibrary.CONTEXT_PARAMS, "flash_attn", flash);
            return (MemorySegment) library.newContext.invoke(model, params);
        });
        if (context.equals(MemorySegment.NULL))
            throw new IllegalStateException("llama.cpp has no context of " + capacity + ": " + library.firstError());
        vocabulary = call(() -> (MemorySegment) library.vocabulary.invoke(model));
        vocabularySize = call(() -> (int) library.vocabularySize.invoke(vocabulary));
        sequenceNames = arena.allocate(JAVA_INT, streams);
        for (int s = 0; s < streams; s++) sequenceNames.setAtIndex(JAVA_INT, s, s);
        for (int i = 0; i < BATCH; i++) {
            sequenceCounts.setAtIndex(JAVA_INT, i, 1);
            sequences.setAtIndex(ADDRESS, i, sequenceNames);
        }
        field("token", tokens);
        field("pos", positions);
        field("n_seq_id", sequenceCounts);
        field("seq_id", sequences);
        field("logits", outputs);
    }

    int vocabularySize() {
        return vocabularySize;
    }

    /** Seconds for a prompt of {@code n} random tokens into an empty cache, and the logits of its last. */
    double prefill(int n) {
        int[] ids = random(n);
        clear();
        long began = System.nanoTime();
        feed(ids, 0, Output.LAST);
        return (System.nanoTime() - began) / 1e9;
    }

    /** Seconds for {@code n} random tokens, one by one, into an empty cache, each with its logits. */
    double decode(int n) {
        int[] ids = random(n);
        clear();
        long began = System.nanoTime();
        for (int i = 0; i < n; i++) feed(new int[] {ids[i]}, i, Output.LAST);
        return (System.nanoTime() - began) / 1e9;
    }

    /**
     * Seconds in which all streams say {@code count} tokens each after random prompts of {@code prompt}: first the prompts,
     * as many as a call takes, then a token of every stream in a call, the likeliest; what the loop over slots of its server
     * does.
     */
    double streams(int prompt, int count) {
        if ((long) streams * (prompt + count) > capacity)
            throw new IllegalArgumentException("context: " + streams + " streams of " + (prompt + count)
                    + " positions, " + capacity + " were asked for");
        int[][] prompts = new int[streams][];
        for (int s = 0; s < streams; s++)
            prompts[s] = new Random(s).ints(prompt, 0, vocabularySize).toArray();
        clear();
        long began = System.nanoTime();
        int[] last = new int[streams];
        int n = 0;
        int[] ending = new int[BATCH]; // the stream whose prompt ends at this place of the call
        Arrays.fill(ending, -1);
        for (int s = 0; s < streams; s++)
            for (int i = 0; i < prompt; i++) {
                boolean ends = i == prompt - 1;
                put(n, prompts[s][i], i, s, ends);
                if (ends) ending[n] = s;
                n++;
                if (n == BATCH || (s == streams - 1 && ends)) {
                    compute(n);
                    for (int at = 0; at < n; at++) if (ending[at] >= 0) last[ending[at]] = likeliest(at);
                    Arrays.fill(ending, -1);
                    n = 0;
                }
            }
        for (int t = 1; t < count; t++) {
            for (int s = 0; s < streams; s++) put(s, last[s], prompt + t - 1, s, true);
            compute(streams);
            for (int s = 0; s < streams; s++) last[s] = likeliest(s);
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        for (int i = 0; i < BATCH; i++) sequences.setAtIndex(ADDRESS, i, sequenceNames);
        return seconds;
    }

    private void put(int at, int id, int position, int stream, boolean wanted) {
        tokens.setAtIndex(JAVA_INT, at, id);
        positions.setAtIndex(JAVA_INT, at, position);
        sequences.setAtIndex(ADDRESS, at, sequenceNames.asSlice(4L * stream, 4));
        outputs.set(JAVA_BYTE, at, (byte) (wanted ? 1 : 0));
    }

    private int likeliest(int index) {
        var at = call(() -> (MemorySegment) library.logits.invoke(context, index))
                .reinterpret(4L * vocabularySize);
        int best = 0;
        float most = Float.NEGATIVE_INFINITY;
        for (int v = 0; v < vocabularySize; v++) {
            float here = at.getAtIndex(JAVA_FLOAT, v);
            if (here > most) {
                most = here;
                best = v;
            }
        }
        return best;
    }

    /** The {@code count} likeliest continuations, each of all before it. */
    int[] greedy(int[] prompt, int count) {
        int[] said = new int[count];
        float[] logits = logits(prompt);
        for (int i = 0; i < count; i++) {
            int best = 0;
            for (int v = 1; v < vocabularySize; v++) if (logits[v] > logits[best]) best = v;
            said[i] = best;
            if (i == count - 1) break;
            feed(new int[] {best}, prompt.length + i, Output.LAST);
            logits = logits(0);
        }
        return said;
    }

    /** Logits (V) after these tokens. */
    float[] logits(int[] ids) {
        clear();
        return logits(feed(ids, 0, Output.LAST) - 1);
    }

    /** Ids of a text, with the tokens that the file says begin and end one. */
    int[] tokenize(byte[] text) {
        try (Arena scratch = Arena.ofConfined()) {
            int most = Math.addExact(text.length, 16);
            MemorySegment ids = scratch.allocate(JAVA_INT, most);
            MemorySegment bytes = scratch.allocateFrom(JAVA_BYTE, text);
            int count =
                    call(() -> (int) library.tokenize.invoke(vocabulary, bytes, text.length, ids, most, true, false));
            return ids.asSlice(0, 4L * count).toArray(JAVA_INT);
        }
    }

    /**
     * As llama.cpp's {@code perplexity} defines it: pieces of {@code length} tokens, each from an empty cache and with its
     * first token replaced by the beginning of a text; of each, the second half counts.
     */
    double perplexity(byte[] text, int length) {
        int[] ids = tokenize(text);
        if (ids.length < 2 * length)
            throw new IllegalArgumentException(
                    "perplexity: " + ids.length + " tokens are less than two contexts of " + length);
        boolean addsBos = call(() -> (boolean) library.addsBos.invoke(vocabulary));
        int bos = call(() -> (int) library.bos.invoke(vocabulary));
        double sum = 0;
        long counted = 0;
        for (int from = 0; from + length <= ids.length; from += length) {
            int[] piece = Arrays.copyOfRange(ids, from, from + length);
            if (addsBos) piece[0] = bos;
            clear();
            for (int at = 0; at < length; at += PHYSICAL_BATCH) {
                int here = Math.min(PHYSICAL_BATCH, length - at);
                feed(Arrays.copyOfRange(piece, at, at + here), at, Output.ALL);
                for (int i = Math.max(0, length / 2 - at); i < here && at + i < length - 1; i++) {
                    sum += surprise(logits(i), piece[at + i + 1]);
                    counted++;
                }
            }
        }
        return Math.exp(sum / counted);
    }

    private static double surprise(float[] logits, int id) {
        float max = Float.NEGATIVE_INFINITY;
        for (float l : logits) max = Math.max(max, l);
        double sum = 0;
        for (float l : logits) sum += Math.exp(l - max);
        return Math.log(sum) + max - logits[id];
    }

    private enum Output {
        LAST,
        ALL
    }

    /** Computes these from a position on; returns how many were in the last call, which its logits count from. */
    private int feed(int[] ids, int position, Output output) {
        if (position + ids.length > capacity)
            throw new IllegalArgumentException(
                    "context: " + (position + ids.length) + " positions, " + capacity + " were asked for");
        int here = 0;
        for (int at = 0; at < ids.length; at += here) {
            here = Math.min(BATCH, ids.length - at);
            MemorySegment.copy(ids, at, tokens, JAVA_INT, 0, here);
            for (int i = 0; i < here; i++) {
                positions.setAtIndex(JAVA_INT, i, position + at + i);
                boolean wanted = output == Output.ALL || at + i == ids.length - 1;
                outputs.set(JAVA_BYTE, i, (byte) (wanted ? 1 : 0));
            }
            compute(here);
        }
        return here;
    }

    /** What stands in the batch's first places. */
    private void compute(int count) {
        batch.set(JAVA_INT, offset(LlamaLibrary.BATCH, "n_tokens"), count);
        int code = call(() -> (int) library.decode.invoke(context, batch));
        if (code != 0) throw new IllegalStateException("llama_decode: " + code + " " + library.firstError());
        call(() -> {
            library.synchronize.invoke(context);
            return code;
        });
    }

    private float[] logits(int index) {
        var at = call(() -> (MemorySegment) library.logits.invoke(context, index));
        return at.reinterpret(4L * vocabularySize).toArray(JAVA_FLOAT);
    }

    private int[] random(int n) {
        return new Random(n).ints(n, 0, vocabularySize).toArray();
    }

    private void clear() {
        call(() -> {
            library.clearCache.invoke(context);
            return 0;
        });
    }

    private void field(String name, MemorySegment value) {
        batch.set(ADDRESS, offset(LlamaLibrary.BATCH, name), value);
    }

    private static void set(MemorySegment params, String name, int value) {
        params.set(JAVA_INT, offset(LlamaLibrary.CONTEXT_PARAMS, name), value);
    }

    private static void set(MemorySegment params, MemoryLayout layout, String name, boolean value) {
        params.set(JAVA_BOOLEAN, offset(layout, name), value);
    }

    private static long offset(MemoryLayout layout, String name) {
        return layout.byteOffset(PathElement.groupElement(name));
    }

    @Override
    public void close() {
        call(() -> {
            library.freeContext.invoke(context);
            library.freeModel.invoke(model);
            return 0;
        });
        arena.close();
    }
}
