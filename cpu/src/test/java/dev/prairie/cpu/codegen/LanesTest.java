package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.BiConsumer;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The functions that every width must compute alike, against the JDK's in double. */
class LanesTest {
    private static final int LANES = 16;

    /** Runs vector code on 16 numbers, a vector at a time. */
    private static float[] run(int bits, BiConsumer<Assembler, Lanes> body, float... x) {
        Isas.runnable();
        try (var pages = new CodePages(new SystemCalls.Linux());
                var constants = new Constants();
                Arena arena = Arena.ofConfined()) {
            var a = new Assembler();
            var lanes = new Lanes(a, bits, RCX);
            a.mov(RCX, constants.address());
            lanes.load(lanes.v(1), Mem.at(RDI));
            body.accept(a, lanes);
            lanes.store(Mem.at(RDI), lanes.v(0));
            a.vzeroupper();
            a.ret();
            Kernel kernel = pages.add(a.bytes());
            MemorySegment memory = arena.allocate(4 * LANES, 64);
            for (int i = 0; i < LANES; i++) memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, i < x.length ? x[i] : 1);
            for (int i = 0; i < LANES; i += bits / 32) kernel.call(memory.address() + 4L * i);
            float[] y = new float[x.length];
            for (int i = 0; i < x.length; i++) y[i] = memory.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            return y;
        }
    }

    private static boolean runs(int bits) {
        return Isas.runnable().getLast().bits() >= bits;
    }

    private static double worst(
            int bits, BiConsumer<Assembler, Lanes> f, DoubleUnaryOperator exact, float from, float to) {
        double worst = 0;
        for (int round = 0; round < 200; round++) {
            float[] x = new float[LANES];
            for (int i = 0; i < LANES; i++) x[i] = from + (to - from) * (round * LANES + i) / (200 * LANES - 1);
            float[] y = run(bits, f, x);
            for (int i = 0; i < LANES; i++) {
                double expected = exact.applyAsDouble(x[i]);
                worst = Math.max(worst, Math.abs(y[i] - expected) / Math.max(1e-30, Math.abs(expected)));
            }
        }
        return worst;
    }

    private static void exp2(Assembler a, Lanes lanes) {
        lanes.exp2(lanes.v(0), lanes.v(1), lanes.v(2), lanes.v(3));
    }

    private static void log2(Assembler a, Lanes lanes) {
        lanes.log2(lanes.v(0), lanes.v(1), lanes.v(2), lanes.v(3));
    }

    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void powersOfTwoAreRightToTheLastBits(int bits) {
        if (!runs(bits)) return;
        DoubleUnaryOperator exact = x -> Math.pow(2, x);
        assertThat(worst(bits, LanesTest::exp2, exact, -90, 20)).isLessThan(1.6e-7);
        assertThat(worst(bits, LanesTest::exp2, exact, -2, 0)).isLessThan(1.6e-7);
        float[] special = run(bits, LanesTest::exp2, 0f, -0f, -1f, 10f, Float.NEGATIVE_INFINITY, -200f, Float.NaN);
        assertThat(special).containsExactly(1f, 1f, 0.5f, 1024f, 0f, 0f, Float.NaN);
    }

    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void logarithmsToTheBaseOfTwo(int bits) {
        if (!runs(bits)) return;
        DoubleUnaryOperator exact = x -> Math.log(x) / Math.log(2);
        assertThat(worst(bits, LanesTest::log2, exact, 1.1f, 3000)).isLessThan(2e-6);
        assertThat(run(bits, LanesTest::log2, 1f, 2f, 0.5f, 1024f)).containsExactly(0f, 1f, -1f, 10f);
    }

    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void roundingIsToTheNearestEvenBf16(int bits) {
        if (!runs(bits)) return;
        int[] x = {0x3F808000, 0x3F818000, 0x3F808001, 0x3F807FFF, 0x7F7FFFFF, 0x80000000, 0xFF800000};
        int[] rounded = {0x3F800000, 0x3F820000, 0x3F810000, 0x3F800000, 0x7F800000, 0x80000000, 0xFF800000};
        float[] in = new float[x.length];
        for (int i = 0; i < x.length; i++) in[i] = Float.intBitsToFloat(x[i]);
        float[] out = run(
                bits,
                (a, lanes) -> {
                    lanes.round(lanes.v(1), lanes.v(2));
                    a.emit(Simd.VMOVUPS, lanes.v(0), lanes.v(1));
                },
                in);
        for (int i = 0; i < x.length; i++)
            assertThat(Float.floatToRawIntBits(out[i])).isEqualTo(rounded[i]);
    }

    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void lanesAreAddedUp(int bits) {
        if (!runs(bits)) return;
        float[] x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
        float[] sums = run(
                bits,
                (a, lanes) -> {
                    lanes.sum(lanes.v(1), lanes.v(2));
                    a.emit(Simd.VMOVUPS, lanes.v(0), lanes.v(1));
                },
                x);
        assertThat(sums[0]).isEqualTo(bits == 512 ? 136 : 36);
    }
}
