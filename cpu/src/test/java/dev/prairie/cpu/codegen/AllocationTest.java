package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.KeyValues;
import dev.prairie.tensor.Rotary;
import dev.prairie.tensor.Scoring;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.Tokens;
import dev.prairie.tensor.device.PackedWeights;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** What decoding calls for one token makes no object, on no thread: a pause of the collector would be heard. */
class AllocationTest {
    private static final int WARM = 30_000, CALLS = 1000, ROUNDS = 20;

    private static void makesNoObject(String name, Runnable call) {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < WARM; i++) call.run();
        long least = Long.MAX_VALUE;
        for (int r = 0; r < ROUNDS && least > CALLS; r++) { // compilers still at work and other threads count too
            long before = threads.getTotalThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) call.run();
            least = Math.min(least, threads.getTotalThreadAllocatedBytes() - before);
        }
        assertThat(least).as("bytes of %d calls of %s", CALLS, name).isLessThan(CALLS);
    }

    @Test
    void oneTokenMakesNoObject() {
        Isa isa = Isas.runnable().getLast();
        try (var pool = new WorkerPool(2);
                var kernels = new CodegenKernels(pool, isa, DType.F32);
                Arena arena = Arena.ofShared()) {
            int c = 256, f = 20_000, heads = 4, shared = 2, d = 64, kept = 96;
            Tensor x = tensor(arena, 1, c), y = tensor(arena, 1, c), out = tensor(arena, 1, c);
            Tensor w = tensor(arena, c), one = tensor(arena, 1), two = tensor(arena, 1);
            Tensor wide = tensor(arena, 1, f), wider = tensor(arena, 1, f), widest = tensor(arena, 1, f);
            makesNoObject("rmsNorm", () -> kernels.rmsNorm(out, one, x, w, 1e-5f));
            makesNoObject("layerNorm", () -> kernels.layerNorm(out, one, two, x, w, w, 1e-5f));
            makesNoObject("swiGlu", () -> kernels.swiGlu(widest, wide, wider));
            makesNoObject("gelu", () -> kernels.gelu(widest, wide));
            makesNoObject("add", () -> kernels.add(out, x, y));
            makesNoObject("scale", () -> kernels.scale(out, x, 2));
            int[] id = {5};
            Tensor table = tensor(arena, 9, c);
            makesNoObject("embedding", () -> kernels.embedding(out, table, id));
            makesNoObject("gather", () -> kernels.gather(out, table, id));
            Tensor q = tensor(arena, 1, heads, d), turned = tensor(arena, 1, heads, d);
            Rotary rotary = Rotary.of(d, 10_000);
            int[] position = {kept - 1};
            makesNoObject("rope", () -> {
                position[0] ^= 1; // another one each time, as when tokens are decoded
                kernels.rope(turned, q, position, rotary);
            });
            position[0] = kept - 1;
            var tokens = new Tokens(id, position, new int[] {0, 1});
            Scoring scoring = Scoring.causal(0.125f);
            for (DType type : new DType[] {DType.F32, DType.F16, DType.Q8_0}) {
                Tensor k = Tensor.zeros(arena, type, Shape.of(kept, shared, d));
                Tensor v = Tensor.zeros(arena, type, Shape.of(kept, shared, d));
                var kv = new KeyValues(k, v, new int[][] {{0, 1, 2, 3, 4, 5}}, 16);
                Tensor newK = tensor(arena, 1, shared, d), lse = tensor(arena, 1, heads);
                makesNoObject("store of " + type, () -> kernels.store(kv, newK, newK, tokens));
                makesNoObject("attention to " + type, () -> kernels.attention(q, lse, turned, kv, tokens, scoring));
            }
            for (DType type : new DType[] {DType.Q8_0, DType.Q4_K}) {
                PackedWeights packed = kernels.pack(Tensor.zeros(arena, type, Shape.of(1000, c)), arena);
                Tensor o = tensor(arena, 1, 1000), bias = tensor(arena, 1000), residual = tensor(arena, 1, 1000);
                makesNoObject("matmul with " + type, () -> kernels.matmul(o, x, packed, null, null));
                makesNoObject("matmul and sums with " + type, () -> kernels.matmul(o, x, packed, bias, residual));
            }
        }
    }

    private static Tensor tensor(Arena arena, int... dims) {
        Tensor t = Tensor.zeros(arena, Shape.of(dims));
        for (long i = 0; i < t.shape().size(); i++) t.set(i, (i % 7) - 3);
        return t;
    }
}
