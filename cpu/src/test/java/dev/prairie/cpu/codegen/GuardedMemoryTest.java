package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.cpu.codegen.GuardedMemory.Edge;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
}
