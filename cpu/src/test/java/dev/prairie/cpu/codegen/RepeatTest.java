package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.cpu.vector.Checksums;
import dev.prairie.tensor.DType;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The same bits in every run and on any number of threads, with every set of instructions that is here. */
class RepeatTest {
    static List<Isa> isas() {
        return Isas.runnable();
    }

    @ParameterizedTest
    @MethodSource("isas")
    void everyKernelGivesTheSameBits(Isa isa) {
        for (DType precision : CodegenKernels.PRECISIONS) {
            List<String> first = all(isa, precision, 2);
            assertThat(all(isa, precision, 2)).isEqualTo(first);
            assertThat(all(isa, precision, 1)).isEqualTo(first);
            assertThat(all(isa, precision, 3)).isEqualTo(first);
        }
    }

    private static List<String> all(Isa isa, DType precision, int threads) {
        try (Arena arena = Arena.ofShared();
                WorkerPool pool = new WorkerPool(threads);
                CodegenKernels k = new CodegenKernels(pool, isa, precision)) {
            return new Checksums(arena, k).run();
        }
    }
}
