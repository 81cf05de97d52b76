package dev.prairie.tensor.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.conformance.Conformance;
import dev.prairie.tensor.conformance.Conformance.Result;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ProfiledKernelsTest {
    @Test
    void everyKernelIsPassedOnAndNotedByItsName() {
        var profiled = new ProfiledKernels(new ReferenceKernels());
        assertThat(Conformance.run(profiled)).allMatch(Result::passed);
        Set<String> all = Arrays.stream(GradKernels.class.getMethods())
                .map(Method::getName)
                .collect(Collectors.toSet());
        assertThat(profiled.lines()).extracting(ProfiledKernels.Line::op).containsExactlyInAnyOrderElementsOf(all);
    }

    @Test
    void callsAreCountedAndForgotten() {
        var profiled = new ProfiledKernels(new ReferenceKernels());
        try (Arena arena = Arena.ofShared()) {
            Tensor x = Tensor.zeros(arena, Shape.of(3));
            for (int i = 0; i < 4; i++) profiled.scale(x, x, 2);
            profiled.squaredNorm(x);
        }
        assertThat(profiled.lines())
                .filteredOn(l -> l.op().equals("scale"))
                .singleElement()
                .satisfies(l -> assertThat(l.calls()).isEqualTo(4))
                .satisfies(l -> assertThat(l.seconds()).isPositive());
        assertThat(profiled.lines()).hasSize(2).isSortedAccordingTo((a, b) -> Double.compare(b.seconds(), a.seconds()));
        profiled.reset();
        assertThat(profiled.lines()).isEmpty();
    }
}
