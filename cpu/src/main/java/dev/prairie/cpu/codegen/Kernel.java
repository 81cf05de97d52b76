package dev.prairie.cpu.codegen;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * A generated function: up to six integers or addresses in, nothing out. More go through memory. A call costs some ten
 * nanoseconds, so a kernel does at least a microsecond of work.
 *
 * <p>Nothing is checked here: shapes are checked by {@code autograd.Ops}, sizes follow from them.
 */
public final class Kernel {
    private static final ValueLayout.OfLong L = ValueLayout.JAVA_LONG;

    /** One handle for all kernels: a constant to the compiler, the function being an argument. */
    @SuppressWarnings("restricted") // the functions are ours
    private static final MethodHandle CALL =
            Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(L, L, L, L, L, L));

    private final MemorySegment entry;

    Kernel(MemorySegment entry) {
        this.entry = entry;
    }

    public void call(long a) {
        call(a, 0, 0, 0, 0, 0);
    }

    public void call(long a, long b, long c) {
        call(a, b, c, 0, 0, 0);
    }

    public void call(long a, long b, long c, long d) {
        call(a, b, c, d, 0, 0);
    }

    public void call(long a, long b, long c, long d, long e, long f) {
        try {
            CALL.invokeExact(entry, a, b, c, d, e, f);
        } catch (Throwable t) { // declared by every method handle; machine code throws nothing
            throw new IllegalStateException(t);
        }
    }
}
