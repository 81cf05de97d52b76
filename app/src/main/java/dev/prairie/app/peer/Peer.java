package dev.prairie.app.peer;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.Tensor;
import dev.prairie.text.batch.Batch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Another library that does our work, in a process of its own: module {@code peers}, whose main class describes what is
 * said over the pipe. It computes only while a method of this class waits for it, and its threads sleep soon after, so
 * that in turn with ours each has the machine for itself.
 */
public final class Peer implements AutoCloseable {
    private static final int PIECE = 1 << 20;

    /** Where Debian, Fedora and Arch have it. */
    private static final List<String> ALLOCATORS = List.of(
            "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4",
            "/usr/lib/x86_64-linux-gnu/libtcmalloc.so.4",
            "/usr/lib64/libtcmalloc_minimal.so.4",
            "/usr/lib/libtcmalloc_minimal.so.4");

    /** What the peer rounds to BF16. */
    public enum Precision {
        /** Nothing. */
        F32,
        /** Everything: weights, activations, gradients and moments; the fastest. */
        BF16,
        /** Everything but the loss, the weights that the optimizer moves and its moments: what learns as F32 does. */
        BF16_MASTERS
    }

    private final PeerProcess process;
    private final String name;

    private Peer(PeerProcess process, int threads) {
        this.process = process;
        process.say("hello " + threads);
        name = process.answer();
    }

    /**
     * Starts the peer; whoever starts it closes it.
     *
     * @param root    the folder of Prairie, where {@code -Ppeers} has built
     * @param threads threads that it computes with
     * @throws PeerException if it has not been built, or does not start
     */
    public static Peer start(Path root, int threads) {
        Path target = root.resolve("peers/target");
        List<String> options = List.of(
                "--sun-misc-unsafe-memory-access=allow",
                "-Djava.library.path=" + target.resolve("native"),
                "-Dorg.bytedeco.javacpp.pathsFirst=true",
                "-Dorg.bytedeco.javacpp.cachedir=" + target.resolve("cache"),
                // No limits of the bindings' own: near them they collect garbage in the middle of a step.
                "-Dorg.bytedeco.javacpp.maxBytes=0",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0");
        return new Peer(PeerProcess.start(root, options, List.of("dev.prairie.peers.Main"), Peer::tune), threads);
    }

    private static void tune(ProcessBuilder builder) {
        // How long an idle thread of its pool spins: 10,000 rounds cost the peer nothing, and leave us the core at
        // once.
        builder.environment().put("GOMP_SPINCOUNT", "10000");
        builder.environment().remove("OMP_WAIT_POLICY");
        allocator().ifPresent(path -> builder.environment().put("LD_PRELOAD", path));
    }

    /** The allocator that PyTorch's own tuning guide recommends, if this machine has it; glibc's costs it up to a third. */
    public static Optional<String> allocator() {
        return ALLOCATORS.stream().filter(path -> Files.exists(Path.of(path))).findFirst();
    }

    /** Which library, of which version, with what: {@code libtorch 2.7.1 (mkl, oneDNN 3.7.1, tcmalloc)}. */
    public String name() {
        return name;
    }

    /**
     * A run over a copy of these weights, with AdamW as {@link OwnRun} has it.
     *
     * @param model of the GPT-2 form, which is what the peer has
     * @throws PeerException if it is of another form
     */
    public Run open(Transformer model, Precision precision) {
        TransformerConfig config = model.config();
        if (!config.equals(gpt2(config)))
            throw new PeerException("peer: it has the GPT-2 form, not " + config + "; compare a model of that form");
        process.say("open " + config.vocabulary() + " " + config.context() + " " + config.layers() + " "
                + config.width() + " " + config.heads() + " " + precision.name().toLowerCase(Locale.ROOT));
        for (Tensor weight : model.parameters().values()) send(weight.segment());
        return new PeerRun(Integer.parseInt(process.answer()), precision);
    }

    private static TransformerConfig gpt2(TransformerConfig c) {
        return TransformerConfig.gpt2(c.vocabulary(), c.context(), c.layers(), c.width(), c.heads());
    }

    /** Median GFLOP/s of the product (M, K) · (K, N), operands in BF16 or in F32, the fastest way it has. */
    public double gemm(int m, int n, int k, boolean bf16) {
        process.say("gemm " + m + " " + n + " " + k + (bf16 ? " bf16" : " f32"));
        return Double.parseDouble(process.answer());
    }

    /** What the peer trains under one handle. */
    private final class PeerRun implements Run {
        private final int handle;
        private final Precision precision;

        PeerRun(int handle, Precision precision) {
            this.handle = handle;
            this.precision = precision;
        }

        @Override
        public String name() {
            return Peer.this.name + " " + precision.name();
        }

        @Override
        public Step step(Batch batch, float rate) {
            int rows = batch.starts().length - 1;
            process.say("step " + handle + " " + rows + " " + batch.tokens() / rows + " " + rate);
            process.send(batch.ids());
            process.send(batch.targets());
            String[] words = process.answer().split(" ", 2);
            return new Step(Double.parseDouble(words[0]), Double.parseDouble(words[1]));
        }

        @Override
        public void close() {} // ends with the process
    }

    private void send(MemorySegment floats) {
        for (long at = 0; at < floats.byteSize(); at += PIECE)
            process.send(
                    floats.asSlice(at, Math.min(PIECE, floats.byteSize() - at)).toArray(ValueLayout.JAVA_BYTE));
    }

    @Override
    public void close() {
        process.close();
    }
}
