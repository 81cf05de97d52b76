package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.conformance.Case;
import dev.prairie.tensor.conformance.Conformance;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.TestFactory;

/** The whole conformance table in every precision with every set of instructions that is here, on 1 and 3 threads. */
class CodegenKernelsTest {
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) each.close();
    }

    @TestFactory
    Stream<DynamicContainer> table() {
        return Isas.runnable().stream()
                .flatMap(isa -> CodegenKernels.PRECISIONS.stream()
                        .flatMap(precision -> Stream.of(1, 3).map(threads -> table(isa, precision, threads))));
    }

    private DynamicContainer table(Isa isa, DType precision, int threads) {
        var pool = new WorkerPool(threads);
        open.add(pool);
        var kernels = new CodegenKernels(pool, isa, precision);
        open.add(kernels);
        return dynamicContainer(
                precision + ", " + isa + ", threads: " + threads,
                Conformance.cases().stream().map(c -> dynamicTest(c.title(), () -> check(c, kernels))));
    }

    private static void check(Case c, CodegenKernels kernels) {
        Conformance.Result result = Conformance.run(c, kernels, kernels.precision());
        assertThat(result.passed()).as(result.toString()).isTrue();
    }
}
