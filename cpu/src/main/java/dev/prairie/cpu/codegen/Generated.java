package dev.prairie.cpu.codegen;

import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * What a family of generated kernels works with.
 *
 * @param pages  where code goes
 * @param isa    instructions to use
 * @param frames parameters, one for each thread of the pool
 */
record Generated(CodePages pages, Isa isa, Frame[] frames) {
    /** A backward in two forms: over what memory holds, and on top of it. */
    record Backward(Kernel over, Kernel onTop) {
        Kernel kernel(boolean add) {
            return add ? onTop : over;
        }
    }

    Kernel kernel(Consumer<Program> body) {
        var program = new Program(isa);
        body.accept(program);
        return pages.add(program.bytes());
    }

    Backward backward(BiConsumer<Program, Boolean> body) {
        return new Backward(kernel(p -> body.accept(p, false)), kernel(p -> body.accept(p, true)));
    }

    Frame frame(int worker) {
        return frames[worker];
    }

    /** {@code v} where a gradient goes over memory, and what is there plus {@code v} where it goes on top. */
    static Value sum(Formula f, boolean add, Gpr at, Value v) {
        return add ? f.add(f.load(at), v) : v;
    }

    /** The same for a product. */
    static Value sum(Formula f, boolean add, Gpr at, Value a, Value b) {
        return add ? f.fma(a, b, f.load(at)) : f.mul(a, b);
    }
}
