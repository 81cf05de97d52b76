package dev.prairie.model.checkpoint;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Guided by coverage, Jazzer looks for bytes that break the reader of GGUF files. */
class GgufFuzz {
    static Stream<byte[]> seeds() {
        return HostileSeeds.gguf();
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "10s")
    void opensAnyBytes(byte[] bytes) {
        Hostile.gguf(bytes);
    }
}
