package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.prairie.cpu.codegen.GuardedMemory.Edge;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.conformance.Case;
import dev.prairie.tensor.conformance.Conformance;
import dev.prairie.tensor.conformance.SpeedCase;
import dev.prairie.tensor.device.GradKernels;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.TestFactory;

/** The whole conformance table, in every precision, with every set of instructions that is here. */
class CodegenKernelsTest {
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) each.close();
    }

    @TestFactory
    Stream<DynamicContainer> threeThreads() {
        return everywhere(3, kernels -> kernels);
    }

    @TestFactory
    Stream<DynamicContainer> oneThreadAndGuardedMemory() {
        return everywhere(1, kernels -> GuardedKernels.around(kernels, Edge.END, 1));
    }

    private Stream<DynamicContainer> everywhere(int threads, UnaryOperator<GradKernels> wrap) {
        return Isas.runnable().stream()
                .flatMap(isa -> CodegenKernels.PRECISIONS.stream().map(p -> table(isa, p, threads, wrap)));
    }

    private DynamicContainer table(Isa isa, DType precision, int threads, UnaryOperator<GradKernels> wrap) {
        var pool = new WorkerPool(threads);
        open.add(pool);
        var kernels = new CodegenKernels(pool, isa, precision);
        open.add(kernels);
        GradKernels wrapped = wrap.apply(kernels);
        return dynamicContainer(
                precision + ", " + isa,
                Stream.concat(Conformance.cases().stream(), timed(precision))
                        .map(c -> dynamicTest(c.title(), () -> check(c, wrapped, precision))));
    }

    /** What is timed, with small sizes. */
    private static Stream<Case> timed(DType precision) {
        return Conformance.speedCases(16).stream()
                .filter(c -> c.precision() == precision)
                .map(SpeedCase::subject);
    }

    private static void check(Case c, GradKernels kernels, DType precision) {
        Conformance.Result result = Conformance.run(c, kernels, precision);
        assertThat(result.passed()).as(result.toString()).isTrue();
    }
}
