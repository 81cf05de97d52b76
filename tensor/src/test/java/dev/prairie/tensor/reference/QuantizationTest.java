package dev.prairie.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.ShapeException;
import dev.prairie.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class QuantizationTest {
    private static final int SIZE = 256 * 40;

    static Stream<DType> types() {
        return Arrays.stream(DType.values()).filter(DType::quantized);
    }

    private static MemorySegment blocks(DType type) {
        byte[] bytes = new byte[(int) type.bytes(SIZE)];
        new Random(20260101).nextBytes(bytes);
        return MemorySegment.ofArray(bytes);
    }

    /** Small numbers, large ones, and blocks of zeros. */
    private static float[] numbers() {
        var random = new Random(20260102);
        float[] x = new float[SIZE];
        for (int i = 0; i < x.length; i++) {
            float g = (float) random.nextGaussian();
            x[i] = i / 256 % 4 == 3 ? g * g * g : i / 256 % 8 == 2 ? 0 : 0.02f * g;
        }
        return x;
    }

    private static float[] decoded(MemorySegment blocks, DType type, int size) {
        float[] x = new float[size];
        Quantization.decode(x, blocks, type);
        return x;
    }

    private static MemorySegment encoded(DType type, float... x) {
        MemorySegment blocks = MemorySegment.ofArray(new byte[(int) type.bytes(x.length)]);
        Quantization.encode(blocks, x, type);
        return blocks;
    }

    private static String sum(ByteBuffer bytes) {
        var sum = new CRC32();
        sum.update(bytes);
        return "%08x".formatted(sum.getValue());
    }

    /**
     * The sums are those of what ggml makes of the same bytes and numbers ({@code dequantize_row_*} and
     * {@code ggml_quantize_chunk} without an importance matrix, llama.cpp b4916 on x86-64; any NaN as 7fc00000).
     */
    @ParameterizedTest
    @CsvSource({
        "Q8_0, cbe2245c, e4cd3ff3",
        "Q4_0, b7222259, 3244190d",
        "Q4_1, 10f5a15f, 17e1ef56",
        "Q5_0, 753139f0, f3b821a4",
        "Q5_1, 73a7b308, 063db2cd",
        "Q2_K, 58f15645, 190acec2",
        "Q3_K, 1b77cfa3, d35224d9",
        "Q4_K, 8e5245ce, 11af3cfb",
        "Q5_K, 9b3dc6a6, a290a802",
        "Q6_K, ffd6cc9f, cc8b0ff6",
        "IQ4_NL, e0ea341d, f89e41c3",
        "IQ4_XS, d92dcc3e, 132bd79a"
    })
    void isWhatGgmlMakes(DType type, String numbers, String blocks) {
        ByteBuffer found = ByteBuffer.allocate(4 * SIZE).order(ByteOrder.LITTLE_ENDIAN);
        for (float x : decoded(blocks(type), type, SIZE)) found.putInt(Float.floatToIntBits(x));
        assertThat(sum(found.flip())).as("numbers").isEqualTo(numbers);
        assertThat(sum(encoded(type, numbers()).asByteBuffer())).as("blocks").isEqualTo(blocks);
    }

    /** E8M0 scale and E2M1 elements, OCP Microscaling Formats 1.0: sign, two exponent bits with bias 1, one of fraction. */
    @Test
    void microscaledNumbersAreThoseOfTheStandard() {
        for (int exponent = 0; exponent < 255; exponent++) {
            byte[] block = new byte[17];
            block[0] = (byte) exponent;
            for (int i = 0; i < 16; i++) block[1 + i] = (byte) (i | (15 - i) << 4);
            float[] found = decoded(MemorySegment.ofArray(block), DType.MXFP4, 32);
            for (int i = 0; i < 32; i++) {
                int element = i < 16 ? i : 15 - (i - 16);
                int e = element >> 1 & 3;
                double magnitude = e == 0 ? (element & 1) / 2.0 : Math.scalb(1 + (element & 1) / 2.0, e - 1);
                double expected = (element < 8 ? 1 : -1) * Math.scalb(magnitude, exponent - 127);
                assertThat(found[i]).as(exponent + " " + element).isEqualTo((float) expected);
            }
        }
    }

    /** Of normally distributed weights; the bounds are a hair above what ggml's own encoders lose. */
    @ParameterizedTest
    @CsvSource({
        "Q8_0, 0.00545",
        "Q6_K, 0.0180",
        "Q5_K, 0.0365",
        "Q5_1, 0.0384",
        "Q5_0, 0.0428",
        "Q4_K, 0.0721",
        "IQ4_NL, 0.0766",
        "IQ4_XS, 0.0776",
        "Q4_1, 0.0787",
        "Q4_0, 0.0866",
        "MXFP4, 0.1180",
        "Q3_K, 0.1527",
        "Q2_K, 0.3000"
    })
    void losesNoMoreThanTheTypeMust(DType type, double most) {
        var random = new Random(3);
        float[] x = new float[SIZE];
        for (int i = 0; i < x.length; i++) x[i] = (float) random.nextGaussian();
        float[] found = decoded(encoded(type, x), type, SIZE);
        double lost = 0, all = 0;
        for (int i = 0; i < x.length; i++) {
            lost += Math.pow(found[i] - x[i], 2);
            all += x[i] * x[i];
        }
        assertThat(Math.sqrt(lost / all)).isLessThan(most).isGreaterThan(most * 0.95);
    }

    @ParameterizedTest
    @CsvSource({"Q8_0", "Q4_0", "Q5_0", "MXFP4"})
    void whatABlockStandsForHasThatBlock(DType type) {
        float[] once = decoded(encoded(type, numbers()), type, SIZE);
        assertThat(decoded(encoded(type, once), type, SIZE)).isEqualTo(once);
    }

    @ParameterizedTest
    @MethodSource("types")
    void zerosStayZeros(DType type) {
        for (float found : decoded(encoded(type, new float[512]), type, 512))
            assertThat(found + 0.0f).isEqualTo(0.0f);
    }

    /** Too small for the scales, which are F16: no number may become large or none. */
    @ParameterizedTest
    @MethodSource("types")
    void tinyNumbersStayTiny(DType type) {
        for (float unit : new float[] {Float.MIN_VALUE, 1e-40f, 1e-20f, 1e-9f}) {
            float[] x = new float[512];
            for (int i = 0; i < x.length; i++) x[i] = (i % 7 - 3) * unit;
            for (float found : decoded(encoded(type, x), type, 512))
                assertThat(found).as("unit " + unit).isCloseTo(0, within(Math.max(8 * unit, 1e-6f)));
        }
    }

    /** One number alone, all the same, only positive, only negative: the largest is hit to its level. */
    @ParameterizedTest
    @MethodSource("types")
    void unusualBlocksAreMet(DType type) {
        float[] x = new float[1024];
        x[7] = 3;
        Arrays.fill(x, 256, 512, 0.25f);
        for (int i = 512; i < 1024; i++) x[i] = (i < 768 ? 1 : -1) * (1 + i % 32 / 32f);
        float[] found = decoded(encoded(type, x), type, 1024);
        float tolerance = switch (type) {
            case Q2_K, Q3_K, MXFP4 -> 0.5f;
            case IQ4_NL, IQ4_XS -> 0.22f; // half of the table's widest gap, 89 to 113, where 113 means 2
            default -> 0.15f;
        };
        for (int i = 0; i < x.length; i++)
            assertThat(found[i]).as("number " + i).isCloseTo(x[i], within(tolerance));
    }

    @ParameterizedTest
    @MethodSource("types")
    void numbersWithoutABlockAreRefused(DType type) {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -65536}) {
            float[] x = new float[256];
            x[200] = bad;
            assertThatThrownBy(() -> encoded(type, x))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("quantization: " + bad + " has no block of " + type
                            + ", which holds numbers from -65504.0 to 65504.0");
        }
        float[] largest = new float[256];
        Arrays.fill(largest, 10, 20, -Quantization.MOST);
        largest[30] = Quantization.MOST;
        for (float found : decoded(encoded(type, largest), type, 256))
            assertThat(found).isBetween(-1.2f * Quantization.MOST, 1.2f * Quantization.MOST);
    }

    @Test
    void tensorsMustHaveOneShape() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor blocks = Tensor.zeros(arena, DType.Q8_0, Shape.of(2, 32));
            assertThatThrownBy(() -> Quantization.decode(Tensor.zeros(arena, Shape.of(64)), blocks))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("quantization: F32(64) and Q8_0(2, 32): must be F32 of the same shape");
            assertThatThrownBy(() -> Quantization.encode(blocks, blocks)).isInstanceOf(ShapeException.class);
        }
    }

    @Test
    void rowsOfATensorAreThoseOfItsBlocks() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.of(arena, Shape.of(5, 2, 1024), numbers());
            Tensor blocks = Tensor.zeros(arena, DType.Q4_K, x.shape());
            Quantization.encode(blocks, x);
            assertThat(blocks.segment().toArray(ValueLayout.JAVA_BYTE))
                    .isEqualTo(encoded(DType.Q4_K, numbers()).toArray(ValueLayout.JAVA_BYTE));
            Quantization.decode(x, blocks);
            assertThat(x.toFloats()).isEqualTo(decoded(blocks.segment(), DType.Q4_K, SIZE));
        }
    }
}
