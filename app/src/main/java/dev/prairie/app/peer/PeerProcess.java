package dev.prairie.app.peer;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A process of module {@code peers}, which says in its main classes what is said over the pipe. */
final class PeerProcess implements AutoCloseable {
    private final Process process;
    private final OutputStream to;
    private final BufferedReader from;

    private PeerProcess(Process process) {
        this.process = process;
        to = new BufferedOutputStream(process.getOutputStream(), 1 << 16);
        from = process.inputReader(US_ASCII);
    }

    /**
     * Starts a main class of the peers.
     *
     * @param root     the folder of Prairie, where {@code -Ppeers} has built
     * @param options  of the JVM, beside those that every peer has
     * @param settings changes what the process is started with
     * @throws PeerException if the peers have not been built
     */
    static PeerProcess start(Path root, List<String> options, List<String> main, Consumer<ProcessBuilder> settings) {
        Path target = root.resolve("peers/target");
        if (!Files.isDirectory(target.resolve("lib")) || !Files.isDirectory(target.resolve("native")))
            throw new PeerException("peer: " + target + " holds no built peer; build it with ./mvnw -Ppeers"
                    + " -Dmaven.test.skip=true package, or use ./prairie, which does");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx1g",
                "--enable-native-access=ALL-UNNAMED"));
        command.addAll(options);
        command.addAll(List.of("-cp", target.resolve("lib") + "/*"));
        command.addAll(main);
        var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        settings.accept(builder);
        try {
            return new PeerProcess(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException("peer: did not start", e);
        }
    }

    /** Begins a request. */
    void say(String line) {
        send((line + "\n").getBytes(US_ASCII));
    }

    /** What follows the line of a request. */
    void send(byte[] bytes) {
        try {
            to.write(bytes);
        } catch (IOException e) {
            throw died(e);
        }
    }

    /** As 32-bit numbers, little-endian. */
    void send(int[] values) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.multiplyExact(4, values.length)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(values);
        send(bytes.array());
    }

    /** Waits for what the peer answers. */
    String answer() {
        try {
            to.flush();
            String line = from.readLine();
            if (line == null) throw new PeerException("peer: it ended; its own words are above");
            if (!line.startsWith("ok "))
                throw new PeerException("peer: " + line + "; report it: module peers answered");
            return line.substring(3);
        } catch (IOException e) {
            throw died(e);
        }
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
