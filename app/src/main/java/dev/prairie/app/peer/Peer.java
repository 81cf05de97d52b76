package dev.prairie.app.peer;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.Tensor;
import dev.prairie.text.batch.Batch;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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

    private final Process process;

    private final OutputStream to;
    private final BufferedReader from;
    private final String name;

    private Peer(Process process, int threads) throws IOException {
        this.process = process;
        to = new BufferedOutputStream(process.getOutputStream(), 1 << 16);
        from = process.inputReader(US_ASCII);
        say("hello " + threads);
        name = answer();
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
        Path libraries = target.resolve("native");
        if (!Files.isDirectory(target.resolve("lib")) || !Files.isDirectory(libraries))
            throw new PeerException("peer: " + target + " holds no built peer; build it with ./mvnw -Ppeers"
                    + " -Dmaven.test.skip=true package, or use ./prairie, which does");
        var builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx1g",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Djava.library.path=" + libraries,
                "-Dorg.bytedeco.javacpp.pathsFirst=true",
                "-Dorg.bytedeco.javacpp.cachedir=" + target.resolve("cache"),
                // No limits of the bindings' own: near them they collect garbage in the middle of a step.
                "-Dorg.bytedeco.javacpp.maxBytes=0",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                "-cp",
                target.resolve("lib") + "/*",
                "dev.prairie.peers.Main");
        // How long an idle thread of its pool spins: 10,000 rounds cost the peer nothing, and leave us the core at
        // once.
        builder.environment().put("GOMP_SPINCOUNT", "10000");
        builder.environment().remove("OMP_WAIT_POLICY");
        allocator().ifPresent(path -> builder.environment().put("LD_PRELOAD", path));
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        try {
            return new Peer(builder.start(), threads);
        } catch (IOException e) {
            throw new UncheckedIOException("peer: did not start", e);
        }
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
        try {
            say("open " + config.vocabulary() + " " + config.context() + " " + config.layers() + " " + config.width()
                    + " " + config.heads() + " " + precision.name().toLowerCase(Locale.ROOT));
            for (Tensor weight : model.parameters().values()) send(weight.segment());
            return new PeerRun(Integer.parseInt(answer()), precision);
        } catch (IOException e) {
            throw died(e);
        }
    }

    private static TransformerConfig gpt2(TransformerConfig c) {
        return TransformerConfig.gpt2(c.vocabulary(), c.context(), c.layers(), c.width(), c.heads());
    }

    /** Median GFLOP/s of the product (M, K) · (K, N), operands in BF16 or in F32, the fastest way it has. */
    public double gemm(int m, int n, int k, boolean bf16) {
        try {
            say("gemm " + m + " " + n + " " + k + (bf16 ? " bf16" : " f32"));
            return Double.parseDouble(answer());
        } catch (IOException e) {
            throw died(e);
        }
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
            try {
                say("step " + handle + " " + rows + " " + batch.tokens() / rows + " " + rate);
                send(batch.ids());
                send(batch.targets());
                String[] words = answer().split(" ", 2);
                return new Step(Double.parseDouble(words[0]), Double.parseDouble(words[1]));
            } catch (IOException e) {
                throw died(e);
            }
        }

        @Override
        public void close() {} // ends with the process
    }

    private void say(String line) throws IOException {
        to.write((line + "\n").getBytes(US_ASCII));
    }

    private void send(MemorySegment floats) throws IOException {
        for (long at = 0; at < floats.byteSize(); at += PIECE)
            to.write(floats.asSlice(at, Math.min(PIECE, floats.byteSize() - at)).toArray(ValueLayout.JAVA_BYTE));
    }

    private void send(int[] values) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.multiplyExact(4, values.length)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(values);
        to.write(bytes.array());
    }

    private String answer() throws IOException {
        to.flush();
        String line = from.readLine();
        if (line == null) throw new PeerException("peer: it ended; its own words are above");
        if (!line.startsWith("ok ")) throw new PeerException("peer: " + line + "; report it: module peers answered");
        return line.substring(3);
    }

    private static UncheckedIOException died(IOException cause) {
        return new UncheckedIOException("peer: it ended", cause);
    }

    @Override
    public void close() {
        try {
            process.destroy();
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
