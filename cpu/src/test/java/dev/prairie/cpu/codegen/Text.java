package dev.prairie.cpu.codegen;

import java.util.Locale;

/** Operands as the Intel manual, and binutils with {@code -M intel}, write them. */
final class Text {
    private Text() {}

    static String hex(int value) {
        return (value < 0 ? "-0x" : "0x") + Integer.toHexString(Math.abs(value));
    }

    /** Extended to 64 bits. */
    static String hex64(long value) {
        return "0x" + Long.toHexString(value);
    }

    /** {@code [base+index*scale+displacement]}. */
    static String address(Mem m) {
        var text = new StringBuilder("[").append(m.base().name().toLowerCase(Locale.ROOT));
        if (m.index() != null)
            text.append('+')
                    .append(m.index().name().toLowerCase(Locale.ROOT))
                    .append('*')
                    .append(m.scale());
        if (m.displacement() > 0) text.append('+');
        if (m.displacement() != 0) text.append(hex(m.displacement()));
        return text.append(']').toString();
    }

    /** The lower 32 bits of a register. */
    static String low(Gpr g) {
        String name = g.name().toLowerCase(Locale.ROOT);
        return g.index() > 7 ? name + "d" : "e" + name.substring(1);
    }
}
