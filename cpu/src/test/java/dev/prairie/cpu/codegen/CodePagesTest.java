package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Code runs; its pages are never writable and executable at once, and always given back. */
class CodePagesTest {
    /** {@code (a, b, out)}: the sum of both, to {@code out}. */
    private static byte[] sum() {
        var a = new Assembler();
        a.add(Gpr.RDI, Gpr.RSI);
        a.mov(Mem.at(Gpr.RDX), Gpr.RDI);
        a.ret();
        return a.bytes();
    }

    @BeforeEach
    void onlyHere() {
        Isas.runnable();
    }

    @Test
    void aFunctionAddsNumbers() {
        try (var pages = new CodePages(new SystemCalls.Linux());
                Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
            Kernel kernel = pages.add(sum());
            kernel.call(40, 2, out.address());
            assertThat(out.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(42);
            kernel.call(-1L << 40, 1, out.address());
            assertThat(out.get(ValueLayout.JAVA_LONG, 0)).isEqualTo((-1L << 40) + 1);
        }
    }

    /** All six arguments arrive in the order of the convention. */
    @Test
    void sixArguments() {
        var a = new Assembler();
        for (int i = 0; i < 5; i++) a.mov(Mem.at(Gpr.ARGUMENTS.get(5), 8 * i), Gpr.ARGUMENTS.get(i));
        a.ret();
        try (var pages = new CodePages(new SystemCalls.Linux());
                Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG, 5);
            pages.add(a.bytes()).call(1, 2, 3, 4, 5, out.address());
            assertThat(out.toArray(ValueLayout.JAVA_LONG)).containsExactly(1, 2, 3, 4, 5);
        }
    }

    @Test
    void pagesAreWrittenFirstAndExecutableThen() {
        var system = RecordingSystem.willing();
        try (var pages = new CodePages(system)) {
            pages.add(sum());
            pages.add(new byte[4096]);
            pages.add(new byte[4097]);
            assertThat(system.mapped).hasSize(3);
            for (long at : system.mapped.keySet()) assertThat(PageRights.of(at)).isEqualTo("r-xp");
        }
        assertThat(system.asked)
                .containsExactly(
                        "map 4096",
                        "protect 4096 as 5",
                        "map 4096",
                        "protect 4096 as 5",
                        "map 8192",
                        "protect 8192 as 5",
                        "unmap 4096",
                        "unmap 4096",
                        "unmap 8192");
        assertThat(system.mapped).isEmpty();
    }

    @Test
    void newPagesCannotBeExecuted() {
        var system = new SystemCalls.Linux();
        long at = system.map(4096);
        assertThat(PageRights.of(at)).isEqualTo("rw-p");
        system.protect(at, 4096, SystemCalls.NO_ACCESS);
        assertThat(PageRights.of(at)).isEqualTo("---p");
        system.unmap(at, 4096);
    }

    @Test
    void refusedExecutionGivesThePagesBackAtOnce() {
        var system = new RecordingSystem(false, true);
        try (var pages = new CodePages(system)) {
            assertThatThrownBy(() -> pages.add(sum()))
                    .isInstanceOf(SystemCalls.Refused.class)
                    .hasMessageContaining("mprotect");
            assertThat(system.mapped).isEmpty();
        }
        assertThat(system.asked).isEqualTo(List.of("map 4096", "protect 4096 as 5", "unmap 4096"));
    }

    @Test
    void refusedMemoryLeavesNothing() {
        var system = new RecordingSystem(true, false);
        try (var pages = new CodePages(system)) {
            assertThatThrownBy(() -> pages.add(sum()))
                    .isInstanceOf(SystemCalls.Refused.class)
                    .hasMessageContaining("mmap");
        }
        assertThat(system.asked).isEqualTo(List.of("map 4096"));
    }

    @Test
    void theRealSystemRefusesWithItsNumber() {
        var system = new SystemCalls.Linux();
        assertThatThrownBy(() -> system.map(Long.MAX_VALUE & -4096))
                .isInstanceOf(SystemCalls.Refused.class)
                .hasMessageContaining("mmap of ")
                .hasMessageContaining("error 12 (out of memory)");
        long unmapped = system.map(4096);
        system.unmap(unmapped, 4096);
        assertThatThrownBy(() -> system.protect(unmapped + 1, 4096, SystemCalls.READ_EXECUTE)) // not a page's begin
                .isInstanceOf(SystemCalls.Refused.class)
                .hasMessageContaining("mprotect to read and execute")
                .hasMessageContaining("error 22");
    }
}
