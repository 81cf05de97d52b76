package dev.prairie.tensor.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.conformance.Conformance.Result;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConformanceTest {
    static Stream<Case.Differentiable> differentiable() {
        return Conformance.cases().stream()
                .filter(Case.Differentiable.class::isInstance)
                .map(Case.Differentiable.class::cast)
                // Not smooth on the scale of the difference quotient: rounding in between, or scores far out.
                .filter(c -> !c.op().equals("cast")
                        && !c.note().equals("far out")
                        && !c.note().equals("sure"));
    }

    @ParameterizedTest
    @MethodSource("differentiable")
    void gradientsOfTheReferenceAreThoseOfItsForward(Case.Differentiable c) {
        assertThat(Conformance.finiteDifferences(c)).matches(Result::passed, "passes");
    }

    @Test
    void theReferencePassesItsOwnTableAndRecomputesTheSameBits() {
        assertThat(Conformance.run(new ReferenceKernels())).allMatch(Result::passed);
    }

    @Test
    void aWrongKernelIsCaught() {
        var wrong = new java.util.concurrent.atomic.AtomicBoolean();
        Case broken =
                new Case.InPlace("scale", "wrong once", List.of(dev.prairie.tensor.Shape.of(3)), 1e-6, (k, in) -> {
                    k.scale(in.get(0), in.get(0), wrong.getAndSet(true) ? 2f : 2.001f);
                });
        assertThat(Conformance.run(broken, new ReferenceKernels()).passed()).isFalse();
    }

    @Test
    void everyOpHasARow() {
        List<String> ops = Conformance.cases().stream().map(Case::op).toList();
        assertThat(java.util.Arrays.stream(dev.prairie.tensor.autograd.Ops.class.getMethods())
                        .filter(m -> m.getReturnType() == Tensor.class)
                        .map(java.lang.reflect.Method::getName))
                .allSatisfy(op -> assertThat(ops).contains(op));
    }
}
