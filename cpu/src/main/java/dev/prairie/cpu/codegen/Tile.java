package dev.prairie.cpu.codegen;

/**
 * A tile register of AMX: up to 16 rows of 64 bytes.
 *
 * @param index 0 to 7
 */
public record Tile(int index) implements Operand {
    public Tile {
        if (index < 0 || index > 7) throw new IllegalArgumentException("tile register " + index + ", must be 0 to 7");
    }

    public static Tile tmm(int index) {
        return new Tile(index);
    }

    @Override
    public String toString() {
        return "tmm" + index;
    }
}
