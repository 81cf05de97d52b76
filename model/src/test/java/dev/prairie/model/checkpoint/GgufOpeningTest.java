package dev.prairie.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What opening costs: what stands in front of the weights, whatever their size. */
class GgufOpeningTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int TENSORS = 300;
    private static final int TOKENS = 150_000;

    @TempDir
    Path folder;

    /** A vocabulary as large as they come, and 9 GB of weights that the disk does not hold: nobody ever wrote them. */
    private Path sparse() throws IOException {
        GgufBytes header = GgufBytes.header(TENSORS, 3).textValue("general.architecture", "llama");
        for (String key : new String[] {"tokenizer.ggml.tokens", "tokenizer.ggml.merges"}) {
            header.text(key).i32(GgufBytes.ARRAY).i32(GgufBytes.TEXT).i64(TOKENS);
            for (int i = 0; i < TOKENS; i++) header.text("token" + i);
        }
        long rows = 28_000;
        long bytes = rows * DType.Q8_0.bytes(1024);
        for (int t = 0; t < TENSORS; t++) header.tensor("blk." + t + ".ffn_up.weight", 8, t * bytes, 1024, rows);
        header.pad(32);
        Path file = folder.resolve("sparse.gguf");
        Files.write(file, header.bytes());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {1}), channel.size() + TENSORS * bytes - 1);
        }
        return file;
    }

    @Test
    void readsWhatStandsInFrontOfTheWeightsAndNoMore() throws IOException {
        Path file = sparse();
        assertThat(Files.size(file)).isGreaterThan(8L << 30);
        long fastest = Long.MAX_VALUE;
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 10; round++)
            try (Arena arena = Arena.ofConfined()) {
                long from = System.nanoTime();
                long before = THREADS.getCurrentThreadAllocatedBytes();
                Gguf gguf = Gguf.open(file, arena);
                least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
                fastest = Math.min(fastest, System.nanoTime() - from);
                assertThat(gguf.names()).hasSize(TENSORS);
                assertThat(gguf.shape("blk.7.ffn_up.weight")).hasValue(Shape.of(28_000, 1024));
                assertThat(gguf.metadata().texts("tokenizer.ggml.tokens")).hasSize(TOKENS);
            }
        assertThat(Duration.ofNanos(fastest)).isLessThan(Duration.ofMillis(100));
        assertThat(least).as("bytes of heap").isLessThan(1 << 20);
    }
}
