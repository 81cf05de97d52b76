package dev.prairie.model.checkpoint;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Guided by coverage, Jazzer looks for bytes that break the reader of safetensors files. */
class SafetensorsFuzz {
    static Stream<byte[]> seeds() {
        return HostileSeeds.safetensors();
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "10s")
    void opensAnyBytes(byte[] bytes) {
        Hostile.safetensors(bytes);
    }
}
