package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.device.Gradient;
import dev.prairie.tensor.reference.Quantization;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PanelsTest {
    private static final int OUTPUTS = 70, WIDTH = 512;

    /** Bytes as they come, so that every bit of a block counts; the last panel is not full. */
    @Test
    void everyTypeKeepsItsNumbersToTheLastBit() {
        for (Isa isa : Isas.runnable())
            try (var pool = new WorkerPool(2);
                    var kernels = new CodegenKernels(pool, isa, DType.F32)) {
                for (DType type : DType.values()) if (type.quantized()) keeps(kernels, type, isa);
            }
    }

    private static void keeps(CodegenKernels kernels, DType type, Isa isa) {
        try (Arena arena = Arena.ofShared()) {
            Tensor w = random(type, arena);
            Tensor expected = Tensor.zeros(arena, w.shape());
            Quantization.decode(expected, w);
            Tensor one = Tensor.zeros(arena, Shape.of(OUTPUTS, OUTPUTS));
            for (int i = 0; i < OUTPUTS; i++) one.set((long) i * OUTPUTS + i, 1);
            Tensor numbers = Tensor.zeros(arena, w.shape());
            kernels.matmulBackwardInput(new Gradient(numbers, false), one, kernels.pack(w, arena));
            assertThat(Arrays.equals(sums(numbers), sums(expected)))
                    .as(type + ", " + isa)
                    .isTrue();
        }
    }

    /** A sum of products knows no negative zero. */
    private static float[] sums(Tensor t) {
        float[] x = t.toFloats();
        for (int i = 0; i < x.length; i++) x[i] += 0f;
        return x;
    }

    /** Random blocks whose scales are finite. */
    private static Tensor random(DType type, Arena arena) {
        Tensor w = Tensor.zeros(arena, type, Shape.of(OUTPUTS, WIDTH));
        byte[] bytes = new byte[Math.toIntExact(w.segment().byteSize())];
        new Random(type.ordinal()).nextBytes(bytes);
        for (int block = 0; block < bytes.length; block += type.blockBytes()) {
            for (int half : halves(type)) bytes[block + half + 1] &= (byte) 0xBF; // below 2
            if (type.name().equals("MXFP4")) bytes[block] = (byte) (block % 250);
        }
        MemorySegment.copy(bytes, 0, w.segment(), ValueLayout.JAVA_BYTE, 0, bytes.length);
        return w;
    }

    /** Where the F16 numbers of a block are. */
    private static int[] halves(DType type) {
        return switch (type.name()) {
            case "Q4_1", "Q5_1", "Q4_K", "Q5_K" -> new int[] {0, 2};
            case "Q2_K" -> new int[] {80, 82};
            case "Q3_K" -> new int[] {108};
            case "Q6_K" -> new int[] {208};
            case "MXFP4" -> new int[] {};
            default -> new int[] {0};
        };
    }
}
