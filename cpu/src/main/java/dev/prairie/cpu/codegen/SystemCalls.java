package dev.prairie.cpu.codegen;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/** The few things that are asked of the operating system; tests answer in its place. Linux on x86-64. */
interface SystemCalls {
    /** Pages that nobody may touch. */
    int NO_ACCESS = 0;

    int READ_WRITE = 1 | 2;
    int READ_EXECUTE = 1 | 4;

    /** New zeroed pages that may be read and written. */
    long map(long bytes);

    /** Changes what may be done with pages. */
    void protect(long address, long bytes, int protection);

    /** Gives pages back. */
    void unmap(long address, long bytes);

    /** Asks for large pages behind a range; a hint, refused in silence. */
    void preferLargePages(long address, long bytes);

    /** Whether this process may use the tile registers of AMX; the kernel wants to be asked once. */
    boolean permitTiles();

    /** The system refused; the message says what and its error number. */
    final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    /** The real one. */
    @SuppressWarnings("restricted") // the one place that calls the C library
    final class Linux implements SystemCalls {
        private static final int PRIVATE_ANONYMOUS = 0x02 | 0x20;
        private static final int MADV_HUGEPAGE = 14;
        private static final long ARCH_PRCTL = 158; // the number of the system call on x86-64
        private static final long REQUEST_PERMISSION = 0x1023; // ARCH_REQ_XCOMP_PERM, Linux 5.16
        private static final long TILE_DATA = 18; // the number of the state component

        private static final Linker LINKER = Linker.nativeLinker();
        private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
        private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
        private static final VarHandle NUMBER = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
        private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
        private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

        private final MethodHandle mmap =
                find("mmap", FunctionDescriptor.of(LONG, LONG, LONG, INT, INT, INT, LONG), ERRNO);
        private final MethodHandle mprotect = find("mprotect", FunctionDescriptor.of(INT, LONG, LONG, INT), ERRNO);
        private final MethodHandle munmap = find("munmap", FunctionDescriptor.of(INT, LONG, LONG), ERRNO);
        private final MethodHandle madvise = find("madvise", FunctionDescriptor.of(INT, LONG, LONG, INT), ERRNO);
        private final MethodHandle syscall =
                find("syscall", FunctionDescriptor.of(LONG, LONG, LONG, LONG), Linker.Option.firstVariadicArg(1));

        private static MethodHandle find(String name, FunctionDescriptor type, Linker.Option... options) {
            return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, options);
        }

        @Override
        public long map(long bytes) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment state = arena.allocate(STATE);
                long at = (long) mmap.invokeExact(state, 0L, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
                if (at == -1) throw refused("mmap of " + bytes + " bytes", state);
                return at;
            } catch (Throwable t) {
                throw unexpected(t);
            }
        }

        @Override
        public void protect(long address, long bytes, int protection) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment state = arena.allocate(STATE);
                if ((int) mprotect.invokeExact(state, address, bytes, protection) != 0)
                    throw refused(
                            protection == READ_EXECUTE ? "mprotect to read and execute" : "mprotect to " + protection,
                            state);
            } catch (Throwable t) {
                throw unexpected(t);
            }
        }

        @Override
        public void unmap(long address, long bytes) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment state = arena.allocate(STATE);
                if ((int) munmap.invokeExact(state, address, bytes) != 0) throw refused("munmap", state);
            } catch (Throwable t) {
                throw unexpected(t);
            }
        }

        @Override
        public void preferLargePages(long address, long bytes) {
            try (Arena arena = Arena.ofConfined()) {
                int ignored = (int) madvise.invokeExact(arena.allocate(STATE), address, bytes, MADV_HUGEPAGE);
            } catch (Throwable t) {
                throw unexpected(t);
            }
        }

        @Override
        public boolean permitTiles() {
            try {
                return (long) syscall.invokeExact(ARCH_PRCTL, REQUEST_PERMISSION, TILE_DATA) == 0;
            } catch (Throwable t) {
                throw unexpected(t);
            }
        }

        private static Refused refused(String what, MemorySegment state) {
            int number = (int) NUMBER.get(state, 0L);
            String name = switch (number) {
                case 1 -> " (not permitted)";
                case 12 -> " (out of memory)";
                case 13 -> " (access denied)";
                default -> "";
            };
            return new Refused(what + " is refused by the system, error " + number + name);
        }

        /** A method handle declares Throwable; a call into the C library throws none but our own. */
        private static RuntimeException unexpected(Throwable t) {
            return switch (t) {
                case RuntimeException e -> e;
                case Error e -> throw e;
                default -> new IllegalStateException(t);
            };
        }
    }
}
