package dev.prairie.cpu.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.cpu.parallel.WorkerPool;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The same bits in every run, cold or hot, and on any number of threads. */
class RepeatTest {
    @Test
    void everyKernelGivesTheSameBits() {
        List<String> first = all(2);
        for (int i = 0; i < 12; i++) assertThat(all(2)).isEqualTo(first);
        assertThat(all(1)).isEqualTo(first);
        assertThat(all(3)).isEqualTo(first);
    }

    private static List<String> all(int threads) {
        try (Arena arena = Arena.ofShared();
                WorkerPool pool = new WorkerPool(threads);
                VectorKernels k = new VectorKernels(pool)) {
            return new Checksums(arena, k).run();
        }
    }
}
