package dev.prairie.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.prairie.model.transformer.TransformerConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * What must hold for any bytes whatever that are opened as a model file, and for everything that can be asked of it then:
 * {@link CheckpointException} is the only failure, the heap that is used stays within a multiple of the file's size, and
 * it does not take long.
 */
final class Hostile {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Everything allocated on the way, most of it short-lived: the smallest value takes 14 bytes in a file. */
    private static final long HEAP_PER_BYTE = 64;

    private static final long HEAP_ALWAYS = 1 << 17;

    /** For some kilobytes; the machine may be busy with other things. */
    private static final Duration LONGEST = Duration.ofSeconds(5);

    static final Path FILE = Path.of("hostile");

    private Hostile() {}

    /**
     * Opens {@code bytes} as a GGUF file and asks for everything. Each value is asked for in all ways, of which most are
     * refused: those refusals are counted by themselves, since it is the test that makes so many of them.
     */
    static void gguf(byte[] bytes) {
        bounded(bytes, all -> tensors(Gguf.over(FILE, all)));
        over(
                bytes,
                all -> ignoringRefusal(() -> {
                    GgufMetadata metadata = Gguf.over(FILE, all).metadata();
                    for (String key : metadata.values().keySet()) bounded(bytes.length, () -> values(metadata, key));
                }));
    }

    /** Loads {@code bytes} as a model in a GGUF file. */
    static void model(byte[] bytes) {
        bounded(bytes, all -> {
            try (Arena arena = Arena.ofConfined()) {
                assertThat(GgufModel.load(Gguf.over(FILE, all), arena).parameters())
                        .isNotEmpty();
            }
        });
    }

    /** Loads {@code bytes} as an adapter in a GGUF file. */
    static void adapter(byte[] bytes, TransformerConfig base) {
        bounded(bytes, all -> {
            try (Arena arena = Arena.ofConfined()) {
                assertThat(GgufAdapter.load(Gguf.over(FILE, all), base, arena)).isNotEmpty();
            }
        });
    }

    /** Reads {@code bytes} as the configuration of an adapter, and asks for a scale. */
    static void peft(byte[] bytes) {
        bounded(
                bytes,
                all -> assertThat(PeftConfig.of(FILE, all.toArray(ValueLayout.JAVA_BYTE))
                                .scale("model.layers.0.self_attn.q_proj", 4))
                        .isFinite());
    }

    /** Opens {@code bytes} as a safetensors file and asks for everything. */
    static void safetensors(byte[] bytes) {
        bounded(bytes, all -> tensors(Safetensors.over(FILE, all)));
    }

    private static void values(GgufMetadata metadata, String key) {
        GgufValue value = metadata.value(key).orElseThrow();
        assertThat(value.toString()).isNotEmpty();
        for (GgufValue element : value.elements()) element.type();
        List<Consumer<String>> accessors = List.of(
                metadata::text,
                metadata::integer,
                metadata::token,
                metadata::number,
                metadata::flag,
                metadata::texts,
                metadata::integers,
                metadata::floats,
                metadata::flags);
        for (Consumer<String> accessor : accessors) ignoringRefusal(() -> accessor.accept(key));
    }

    private static void tensors(TensorFile file) {
        for (String name : file.names())
            ignoringRefusal(() -> {
                assertThat(file.shape(name)).isPresent();
                MemorySegment memory = file.tensor(name).segment();
                if (memory.byteSize() > 0) memory.get(ValueLayout.JAVA_BYTE, memory.byteSize() - 1);
            });
    }

    private static void ignoringRefusal(Runnable action) {
        try {
            action.run();
        } catch (CheckpointException refused) {
            assertThat(refused.getMessage()).isNotEmpty();
        }
    }

    private static void bounded(byte[] bytes, Consumer<MemorySegment> open) {
        over(bytes, all -> bounded(bytes.length, () -> open.accept(all)));
    }

    private static void over(byte[] bytes, Consumer<MemorySegment> action) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment all = arena.allocate(Math.max(1, bytes.length), 64).asSlice(0, bytes.length);
            all.copyFrom(MemorySegment.ofArray(bytes));
            action.accept(all.asReadOnly());
        }
    }

    private static void bounded(long size, Runnable action) {
        long allocated = allocated(action);
        // The first time, classes are loaded on the way, and instrumented where Jazzer runs.
        for (int again = 0; again < 2 && allocated > limit(size); again++) allocated = allocated(action);
        assertThat(allocated).as("heap for %d bytes", size).isLessThanOrEqualTo(limit(size));
    }

    private static long allocated(Runnable action) {
        long from = System.nanoTime();
        long before = THREADS.getCurrentThreadAllocatedBytes();
        ignoringRefusal(action);
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(LONGEST);
        return allocated;
    }

    private static long limit(long size) {
        return HEAP_ALWAYS + HEAP_PER_BYTE * size;
    }
}
