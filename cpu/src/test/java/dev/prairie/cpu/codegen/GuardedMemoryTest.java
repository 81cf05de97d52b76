package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.cpu.codegen.GuardedMemory.Edge;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The guards stand where they should. That touching them ends the process is the system's promise. */
class GuardedMemoryTest {
    @BeforeEach
    void onlyHere() {
        Isas.runnable();
    }

    @Test
    void guardsStandAtTheEdge() {
        for (long bytes : new long[] {0, 1, 4, 4095, 4096, 4097, 10_000}) {
            try (var memory = new GuardedMemory(Edge.END, 1)) {
                MemorySegment buffer = memory.bytes(bytes);
                assertThat(buffer.byteSize()).isEqualTo(bytes);
                assertThat(PageRights.of(buffer.address() + bytes)).isEqualTo("---p");
                assertThat(PageRights.of(buffer.address() + bytes - 1)).isEqualTo("rw-p");
            }
            try (var memory = new GuardedMemory(Edge.BEGIN, 64)) {
                MemorySegment buffer = memory.bytes(bytes);
                assertThat(PageRights.of(buffer.address() - 1)).isEqualTo("---p");
                assertThat(PageRights.of(buffer.address())).isEqualTo("rw-p");
            }
        }
    }

    @Test
    void alignmentLeavesAGapBeforeTheGuard() {
        try (var memory = new GuardedMemory(Edge.END, 64)) {
            MemorySegment buffer = memory.floats(17);
            assertThat(buffer.byteSize()).isEqualTo(68);
            assertThat(buffer.address() % 64).isZero();
            assertThat(PageRights.of(buffer.address() + 128)).isEqualTo("---p");
            assertThat(buffer.get(ValueLayout.JAVA_FLOAT, 64)).isNaN();
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new GuardedMemory(Edge.END, 48));
    }

    @Test
    @SuppressWarnings("restricted") // steps out of its buffer on purpose
    void writingBesideABufferIsSeen() {
        for (Edge edge : Edge.values()) {
            var memory = new GuardedMemory(edge, 4);
            MemorySegment buffer = memory.floats(3);
            buffer.fill((byte) 7);
            assertThat(memory.intact()).isTrue();
            MemorySegment page =
                    MemorySegment.ofAddress(buffer.address() & -4096).reinterpret(4096);
            page.set(ValueLayout.JAVA_BYTE, edge == Edge.END ? 4083 : 12, (byte) 0);
            assertThat(memory.intact()).isFalse();
            assertThatThrownBy(memory::close).isInstanceOf(AssertionError.class).hasMessageContaining("beside");
        }
    }

    /** The whole way: a kernel that writes in front of its output, under the wrapping that the kernels' tests use. */
    @Test
    @SuppressWarnings("restricted") // steps out of its buffer on purpose
    void aKernelThatWritesBesideItsOutputIsSeen() {
        var wrong = (GradKernels) Proxy.newProxyInstance(
                GradKernels.class.getClassLoader(), new Class<?>[] {GradKernels.class}, (proxy, method, arguments) -> {
                    long out = ((Tensor) arguments[0]).segment().address();
                    MemorySegment.ofAddress(out - 4).reinterpret(4).set(ValueLayout.JAVA_FLOAT, 0, 1);
                    return null;
                });
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.zeros(arena, Shape.of(3));
            GradKernels guarded = GuardedKernels.around(wrong, Edge.END, 1);
            assertThatThrownBy(() -> guarded.scale(x, x, 2)).isInstanceOf(AssertionError.class);
            Tensor out = Tensor.zeros(arena, Shape.of(3));
            x.copyFrom(new float[] {1, 2, 3});
            GuardedKernels.around(new ReferenceKernels(), Edge.END, 1).scale(out, x, 2);
            assertThat(out.toFloats()).containsExactly(2, 4, 6);
        }
    }
}
