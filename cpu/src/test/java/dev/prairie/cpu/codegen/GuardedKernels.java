package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.GuardedMemory.Edge;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.GradKernels.Parameter;
import dev.prairie.tensor.device.Gradient;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Kernels whose tensors are moved into {@link GuardedMemory} for each call, and back: whatever is run on them, the
 * conformance table too, runs with a guard beside every buffer. Whoever reads or writes too far ends the process, and the
 * JVM's report names the kernel.
 */
final class GuardedKernels implements InvocationHandler {
    private final GradKernels kernels;
    private final Edge edge;
    private final long alignment;

    private GuardedKernels(GradKernels kernels, Edge edge, long alignment) {
        this.kernels = kernels;
        this.edge = edge;
        this.alignment = alignment;
    }

    static GradKernels around(GradKernels kernels, Edge edge, long alignment) {
        return (GradKernels) Proxy.newProxyInstance(
                GradKernels.class.getClassLoader(),
                new Class<?>[] {GradKernels.class},
                new GuardedKernels(kernels, edge, alignment));
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
        if (arguments == null) return call(method, new Object[0]);
        try (var memory = new GuardedMemory(edge, alignment)) {
            var moved = new Moved(memory, new LinkedHashMap<>());
            Object[] guarded = new Object[arguments.length];
            for (int i = 0; i < guarded.length; i++) guarded[i] = moved.argument(arguments[i]);
            Object result = call(method, guarded);
            moved.back();
            return result;
        }
    }

    private @Nullable Object call(Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(kernels, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** The tensors of one call; two that share an address, as in a kernel that works in place, go to the same place. */
    private record Moved(GuardedMemory memory, Map<Long, Tensor[]> tensors) {
        @Nullable
        Object argument(@Nullable Object argument) {
            return switch (argument) {
                case Tensor t -> move(t);
                case Gradient g -> new Gradient(move(g.tensor()), g.add());
                case Parameter p ->
                    new Parameter(move(p.w()), move(p.gradient()), move(p.first()), move(p.second()), p.weightDecay());
                case List<?> list -> list.stream().map(this::argument).toList();
                case LowRank.Part part ->
                    new LowRank(move(part.a()), move(part.b()), part.scale()).rows(part.from(), part.to());
                case KeyValues kv -> new KeyValues(move(kv.k()), move(kv.v()), kv.table(), kv.block());
                case null, default -> argument;
            };
        }

        private Tensor move(Tensor t) {
            if (t.shape().size() == 0) return memory.copy(t); // several of them may share an address
            Tensor[] pair = tensors.computeIfAbsent(t.segment().address(), address -> new Tensor[] {t, memory.copy(t)});
            Tensor there = pair[1];
            return there.shape().equals(t.shape()) ? there : there.view(t.shape());
        }

        void back() {
            for (Tensor[] pair : tensors.values()) pair[0].copyFrom(pair[1]);
        }
    }
}
