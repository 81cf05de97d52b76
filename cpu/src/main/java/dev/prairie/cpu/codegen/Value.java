package dev.prairie.cpu.codegen;

/** A number for each lane of a vector, as a {@link Formula} speaks of it. */
sealed interface Value {
    /** The result of a step; gone after the formula. Belongs to the formula that made it. */
    record Temporary(int index) implements Value {}

    /**
     * The same number in all lanes, known now.
     *
     * @param bits of the float, or an integer
     */
    record Constant(int bits) implements Value {}

    /** What {@link Program} holds in a register from one formula to the next. */
    record Variable(Vec register) implements Value {}
}
