package dev.prairie.cpu.codegen;

import org.jspecify.annotations.Nullable;

/**
 * Memory at {@code base + index * scale + displacement}.
 *
 * @param base         a register
 * @param index        a register other than RSP, or none
 * @param scale        1, 2, 4 or 8
 * @param displacement in bytes
 * @param broadcast    whether one element is read and copied to all lanes (EVEX only)
 */
public record Mem(Gpr base, @Nullable Gpr index, int scale, int displacement, boolean broadcast) implements Operand {
    public Mem {
        if (scale != 1 && scale != 2 && scale != 4 && scale != 8)
            throw new IllegalArgumentException("memory: scale " + scale + ", must be 1, 2, 4 or 8");
        if (index == Gpr.RSP) throw new IllegalArgumentException("memory: RSP cannot be an index");
    }

    /** {@code [base + displacement]}. */
    public static Mem at(Gpr base, int displacement) {
        return new Mem(base, null, 1, displacement, false);
    }

    /** {@code [base]}. */
    public static Mem at(Gpr base) {
        return at(base, 0);
    }

    /** {@code [base + index * scale + displacement]}. */
    public static Mem at(Gpr base, Gpr index, int scale, int displacement) {
        return new Mem(base, index, scale, displacement, false);
    }

    /** The element here, copied to all lanes. */
    public Mem toAllLanes() {
        return new Mem(base, index, scale, displacement, true);
    }

    /** The same place, {@code bytes} further. */
    public Mem plus(int bytes) {
        return new Mem(base, index, scale, Math.addExact(displacement, bytes), broadcast);
    }
}
