package dev.prairie.tensor.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.conformance.Conformance.Result;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.Gradient;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.reflect.Proxy;
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
        for (DType precision : new DType[] {DType.F32, DType.BF16})
            assertThat(Conformance.run(new ReferenceKernels(precision), precision))
                    .allMatch(Result::passed);
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
    void onePrecisionDoesNotPassForTheOther() {
        Case product = Conformance.cases().stream()
                .filter(c -> c.title().equals("matmul (130, 257) (140, 257) "))
                .findFirst()
                .orElseThrow();
        assertThat(Conformance.run(product, new ReferenceKernels(), DType.BF16).passed())
                .isFalse();
        assertThat(Conformance.run(product, new ReferenceKernels(DType.BF16)).passed())
                .isFalse();
    }

    @Test
    void aKernelThatAddsToWhatHoldsNothingIsCaught() {
        Case adds = new Case.Differentiable(
                "scale", "", List.of(dev.prairie.tensor.Shape.of(3)), 1e-6, (ops, in) -> ops.scale(in.get(0), 2));
        GradKernels honest = new ReferenceKernels();
        var careless = (GradKernels) Proxy.newProxyInstance(
                GradKernels.class.getClassLoader(), new Class<?>[] {GradKernels.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("accumulate"))
                        arguments[0] = new Gradient(((Gradient) arguments[0]).tensor(), true);
                    return method.invoke(honest, arguments);
                });
        assertThat(Conformance.run(adds, honest).passed()).isTrue();
        assertThat(Conformance.run(adds, careless).passed()).isFalse();
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
