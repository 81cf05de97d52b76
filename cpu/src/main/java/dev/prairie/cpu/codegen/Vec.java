package dev.prairie.cpu.codegen;

/**
 * A vector register.
 *
 * @param index 0 to 31; only EVEX encodings reach beyond 15
 * @param bits  128, 256 or 512
 */
public record Vec(int index, int bits) implements Operand {
    public Vec {
        if (index < 0 || index > 31)
            throw new IllegalArgumentException("vector register " + index + ", must be 0 to 31");
        if (bits != 128 && bits != 256 && bits != 512)
            throw new IllegalArgumentException("vector register of " + bits + " bits, must be 128, 256 or 512");
    }

    public static Vec xmm(int index) {
        return new Vec(index, 128);
    }

    public static Vec ymm(int index) {
        return new Vec(index, 256);
    }

    public static Vec zmm(int index) {
        return new Vec(index, 512);
    }

    /** The same register seen at another width. */
    public Vec as(int width) {
        return new Vec(index, width);
    }

    @Override
    public String toString() {
        return (bits == 512 ? "zmm" : bits == 256 ? "ymm" : "xmm") + index;
    }
}
