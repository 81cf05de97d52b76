package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Simd.*;

/**
 * A square of 32-bit units turned in registers: 16 x 16 with 512-bit vectors, 8 x 8 with 256. Lines stand in registers
 * 0.. and come out there; the upper half of the registers is used on the way.
 */
final class Transposition {
    private Transposition() {}

    static void emit(Assembler a, Isa isa) {
        int n = isa.lanes();
        // Pairs of lines, then fours: 128-bit part q of register 4g+c holds column 4q+c of lines 4g to 4g+3.
        for (int i = 0; i < n; i += 2) {
            a.emit(VUNPCKLPS, v(isa, n + i), v(isa, i), v(isa, i + 1));
            a.emit(VUNPCKHPS, v(isa, n + i + 1), v(isa, i), v(isa, i + 1));
        }
        for (int g = 0; g < n; g += 4)
            for (int half = 0; half < 2; half++) {
                a.emit(VUNPCKLPD, v(isa, g + 2 * half), v(isa, n + g + half), v(isa, n + g + half + 2));
                a.emit(VUNPCKHPD, v(isa, g + 2 * half + 1), v(isa, n + g + half), v(isa, n + g + half + 2));
            }
        if (isa.bits() == 512) parts16(a, isa);
        else parts8(a, isa);
    }

    /** Gathers the 128-bit parts of each column: even and odd parts of two groups of lines, then all four. */
    private static void parts16(Assembler a, Isa isa) {
        for (int c = 0; c < 4; c++)
            for (int pair = 0; pair < 2; pair++) {
                int low = 8 * pair + c;
                int to = 16 + 4 * c + 2 * pair;
                a.emit(VSHUFF32X4, 0x88, v(isa, to), v(isa, low), v(isa, low + 4)); // parts 0 and 2
                a.emit(VSHUFF32X4, 0xDD, v(isa, to + 1), v(isa, low), v(isa, low + 4)); // parts 1 and 3
            }
        for (int c = 0; c < 4; c++)
            for (int odd = 0; odd < 2; odd++) {
                int from = 16 + 4 * c + odd;
                a.emit(VSHUFF32X4, 0x88, v(isa, c + 4 * odd), v(isa, from), v(isa, from + 2));
                a.emit(VSHUFF32X4, 0xDD, v(isa, c + 4 * odd + 8), v(isa, from), v(isa, from + 2));
            }
    }

    private static void parts8(Assembler a, Isa isa) {
        for (int c = 0; c < 4; c++) a.emit(VPERM2F128, 0x31, v(isa, 8 + c), v(isa, c), v(isa, c + 4));
        for (int c = 0; c < 4; c++) a.emit(VPERM2F128, 0x20, v(isa, c), v(isa, c), v(isa, c + 4));
        for (int c = 0; c < 4; c++) a.emit(VMOVUPS, v(isa, 4 + c), v(isa, 8 + c));
    }

    private static Vec v(Isa isa, int index) {
        return new Vec(index, isa.bits());
    }
}
