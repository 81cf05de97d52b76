package dev.prairie.model.checkpoint;

import dev.prairie.tensor.DType;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The types of tensors by their numbers in a GGUF file (ggml, {@code ggml.h}, {@code enum ggml_type}; block sizes from
 * {@code ggml-common.h}). Those that we compute with are the {@link DType} of the same name; of the others the size is
 * known, so that a file's layout can be checked.
 */
enum GgmlType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    Q8_1(9, 32, 36),
    Q2_K(10, 256, 84),
    Q3_K(11, 256, 110),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210),
    Q8_K(15, 256, 292),
    IQ2_XXS(16, 256, 66),
    IQ2_XS(17, 256, 74),
    IQ3_XXS(18, 256, 98),
    IQ1_S(19, 256, 50),
    IQ4_NL(20, 32, 18),
    IQ3_S(21, 256, 110),
    IQ2_S(22, 256, 82),
    IQ4_XS(23, 256, 136),
    I8(24, 1, 1),
    I16(25, 1, 2),
    I32(26, 1, 4),
    I64(27, 1, 8),
    F64(28, 1, 8),
    IQ1_M(29, 256, 56),
    BF16(30, 1, 2),
    TQ1_0(34, 256, 54),
    TQ2_0(35, 256, 66),
    MXFP4(39, 32, 17);

    private static final Map<Integer, GgmlType> NUMBERED =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(GgmlType::id, t -> t));

    private final int id;
    private final int block;
    private final int blockBytes;

    GgmlType(int id, int block, int blockBytes) {
        this.id = id;
        this.block = block;
        this.blockBytes = blockBytes;
    }

    static Optional<GgmlType> numbered(int id) {
        return Optional.ofNullable(NUMBERED.get(id));
    }

    /** The type that a tensor of ours is written as. */
    static GgmlType of(DType type) {
        return valueOf(type.name());
    }

    int id() {
        return id;
    }

    /** Elements of a block; a row is a whole number of blocks. */
    int block() {
        return block;
    }

    /** Bytes of so many elements, whole blocks; an {@link ArithmeticException} where that does not fit in a long. */
    long bytes(long elements) {
        return Math.multiplyExact(elements / block, blockBytes);
    }

    /** The type that we compute with. */
    Optional<DType> ours() {
        return Arrays.stream(DType.values())
                .filter(t -> t.name().equals(name()))
                .findFirst();
    }
}
