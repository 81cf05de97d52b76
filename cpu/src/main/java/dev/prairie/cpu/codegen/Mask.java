package dev.prairie.cpu.codegen;

/**
 * A mask register of AVX-512; k0 as a write mask means no mask.
 *
 * @param index 0 to 7
 */
public record Mask(int index) implements Operand {
    public Mask {
        if (index < 0 || index > 7) throw new IllegalArgumentException("mask register " + index + ", must be 0 to 7");
    }

    public static Mask k(int index) {
        return new Mask(index);
    }

    @Override
    public String toString() {
        return "k" + index;
    }
}
