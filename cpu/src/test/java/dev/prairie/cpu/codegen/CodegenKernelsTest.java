package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.conformance.Case;
import dev.prairie.tensor.conformance.Conformance;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.TestFactory;

/** The whole conformance table with every set of instructions that this machine has, on one, two and three threads. */
class CodegenKernelsTest {
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) each.close();
    }

    @TestFactory
    Stream<DynamicContainer> table() {
        return Isas.runnable().stream().flatMap(isa -> Stream.of(1, 2, 3).map(threads -> table(isa, threads)));
    }

    private DynamicContainer table(Isa isa, int threads) {
        var pool = new WorkerPool(threads);
        open.add(pool);
        var kernels = new CodegenKernels(pool, isa);
        open.add(kernels);
        return dynamicContainer(
                isa + ", threads: " + threads,
                Conformance.cases().stream().map(c -> dynamicTest(c.title(), () -> check(c, kernels))));
    }

    private static void check(Case c, CodegenKernels kernels) {
        Conformance.Result result = Conformance.run(c, kernels);
        assertThat(result.passed()).as(result.toString()).isTrue();
    }
}
