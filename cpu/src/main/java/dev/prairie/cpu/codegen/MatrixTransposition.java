package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Simd.*;

/**
 * Code that transposes a matrix of 32-bit numbers, or of pairs of BF16 numbers: a vector of columns by a vector of rows
 * at a time. Pieces of four numbers from rows four apart are put into one vector as they are read, so that what is left
 * is to transpose 4 x 4 numbers, which no lane of 128 bits has to leave.
 */
final class MatrixTransposition {
    private MatrixTransposition() {}

    /** {@code (to, bytes between its rows, from, bytes between its rows, rows of from, columns of from)}. */
    static byte[] code(int bits) {
        var a = new Assembler();
        int lanes = bits / 32;
        for (Gpr r : SAVED) a.push(r);
        Gpr[] base = {RAX, RBX, RBP, R12};
        a.lea(R13, Mem.at(RCX, RCX, 2, 0));
        a.lea(R11, Mem.at(RSI, RSI, 2, 0));
        Label rows = a.here();
        a.mov(base[0], RDX);
        for (int i = 1; i < lanes / 4; i++) a.lea(base[i], Mem.at(base[i - 1], RCX, 4, 0));
        a.mov(R14, RDI);
        a.mov(R15, R9);
        Label columns = a.here();
        for (int g = 0; g < lanes / 4; g++) {
            for (int j = 0; j < 4; j++) gather(a, bits, base, j, 16 * g);
            four(a, bits);
            a.emit(VMOVUPS_STORE, Mem.at(R14), v(8, bits));
            a.emit(VMOVUPS_STORE, Mem.at(R14, RSI, 1, 0), v(9, bits));
            a.emit(VMOVUPS_STORE, Mem.at(R14, RSI, 2, 0), v(10, bits));
            a.emit(VMOVUPS_STORE, Mem.at(R14, R11, 1, 0), v(11, bits));
            a.lea(R14, Mem.at(R14, RSI, 4, 0));
        }
        for (int i = 0; i < lanes / 4; i++) a.add(base[i], 4 * lanes);
        a.sub(R15, lanes);
        a.jump(Assembler.Condition.NOT_EQUAL, columns);
        a.lea(RDX, Mem.at(base[lanes / 4 - 1], RCX, 4, 0)); // this many columns further than the next rows begin
        a.mov(R14, R9);
        a.shl(R14, 2);
        a.sub(RDX, R14);
        a.add(RDI, 4 * lanes);
        a.sub(R8, lanes);
        a.jump(Assembler.Condition.NOT_EQUAL, rows);
        for (int i = SAVED.size() - 1; i >= 0; i--) a.pop(SAVED.get(i));
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /** Into register j: four numbers of row j, of row j + 4, and so on. */
    private static void gather(Assembler a, int bits, Gpr[] base, int j, int displacement) {
        for (int i = 0; i < bits / 128; i++) {
            Mem at = switch (j) {
                case 0 -> Mem.at(base[i], displacement);
                case 1 -> Mem.at(base[i], RCX, 1, displacement);
                case 2 -> Mem.at(base[i], RCX, 2, displacement);
                default -> Mem.at(base[i], R13, 1, displacement);
            };
            if (i == 0) a.emit(VMOVUPS, v(j, 128), at);
            else if (bits == 256) a.emit(VINSERTF128, i, v(j, bits), v(j, bits), at);
            else a.emit(VINSERTF32X4, i, v(j, bits), v(j, bits), at);
        }
    }

    /** Registers 0 to 3, transposed in each 128 bits, to registers 8 to 11. */
    private static void four(Assembler a, int bits) {
        a.emit(VUNPCKLPS, v(4, bits), v(0, bits), v(1, bits));
        a.emit(VUNPCKHPS, v(5, bits), v(0, bits), v(1, bits));
        a.emit(VUNPCKLPS, v(6, bits), v(2, bits), v(3, bits));
        a.emit(VUNPCKHPS, v(7, bits), v(2, bits), v(3, bits));
        a.emit(VUNPCKLPD, v(8, bits), v(4, bits), v(6, bits));
        a.emit(VUNPCKHPD, v(9, bits), v(4, bits), v(6, bits));
        a.emit(VUNPCKLPD, v(10, bits), v(5, bits), v(7, bits));
        a.emit(VUNPCKHPD, v(11, bits), v(5, bits), v(7, bits));
    }

    private static Vec v(int index, int bits) {
        return new Vec(index, bits);
    }
}
