package dev.prairie.cpu.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.conformance.Case;
import dev.prairie.tensor.conformance.Conformance;
import dev.prairie.tensor.conformance.SpeedCase;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The whole conformance table, on one, two and three threads. */
class VectorKernelsTest {
    private WorkerPool pool = new WorkerPool(1);

    @AfterEach
    void close() {
        pool.close();
    }

    @TestFactory
    Stream<DynamicTest> oneThread() {
        return table(1);
    }

    @TestFactory
    Stream<DynamicTest> twoThreads() {
        return table(2);
    }

    @TestFactory
    Stream<DynamicTest> threeThreads() {
        return table(3);
    }

    private Stream<DynamicTest> table(int threads) {
        pool = new WorkerPool(threads);
        var kernels = new VectorKernels(pool);
        Stream<Case> timed = Conformance.speedCases(16).stream()
                .filter(c -> c.precision() == DType.F32)
                .map(SpeedCase::subject);
        return Stream.concat(Conformance.cases().stream(), timed)
                .map(c -> dynamicTest(c.title(), () -> check(c, kernels)));
    }

    private static void check(Case c, VectorKernels kernels) {
        Conformance.Result result = Conformance.run(c, kernels);
        assertThat(result.passed()).as(result.toString()).isTrue();
    }
}
