package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Simd.*;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The kernel that brings weights from the order of a file into that of a panel: {@code (panel, rows, bytes from row to row,
 * units)}, where 32 rows become 32 columns. Where the file has what is described in ggml's {@code ggml-common.h}; reads
 * nothing outside of its blocks.
 *
 * <p>Sixteen bytes of each of eight rows are turned at a time, so that a register holds four bytes of each of eight columns.
 * What remains is to move bits: the planes of {@link PanelLayout} are chosen so that this is to turn small squares of
 * bits which lie in several registers, by exchanging their halves, quarters and eighths. In vectors of 256 bits
 * everywhere: memory limits it.
 */
final class PackPanel {
    /** Rows that are turned at a time. */
    private static final int ROWS = 8;

    private static final Gpr UNIT = RDI, FROM = RSI, ROW = RDX, UNITS = RCX, ROW3 = R8;
    private static final Gpr LOWER = R9, UPPER = R10, GROUPS = R11, CONSTANTS = RAX;

    /** The places of the eight columns among bytes, F16 numbers and quads. */
    private static final Gpr BYTES = RBX, HALVES = RBP, QUADS = R12;

    private static final Vec T = Vec.ymm(0), T2 = Vec.ymm(1);

    /** Where a piece or a run of bytes is put. */
    private static final int PIECE = 8;

    private final Assembler a = new Assembler();
    private final PanelLayout layout;
    private final List<int[]> constants = new ArrayList<>();

    private PackPanel(PanelLayout layout) {
        this.layout = layout;
    }

    static byte[] code(PanelLayout layout) {
        var code = new PackPanel(layout);
        code.units();
        return code.a.bytes();
    }

    private void units() {
        for (Gpr r : List.of(RBX, RBP, R12)) a.push(r);
        var table = new Label();
        a.lea(CONSTANTS, table);
        a.lea(ROW3, Mem.at(ROW, ROW, 2, 0));
        Label unit = a.here();
        a.mov(LOWER, FROM);
        a.mov(BYTES, UNIT);
        a.mov(HALVES, UNIT);
        a.mov(QUADS, UNIT);
        a.mov(GROUPS, PanelLayout.COLUMNS / ROWS);
        Label group = a.here();
        a.lea(UPPER, Mem.at(LOWER, ROW, 4, 0));
        int fileBytes = group();
        a.lea(LOWER, Mem.at(LOWER, ROW, 8, 0));
        a.add(BYTES, ROWS);
        a.add(HALVES, 2 * ROWS);
        a.add(QUADS, 4 * ROWS);
        a.sub(GROUPS, 1);
        a.jump(Assembler.Condition.NOT_EQUAL, group);
        a.add(FROM, fileBytes);
        a.add(UNIT, layout.unitBytes());
        a.sub(UNITS, 1);
        a.jump(Assembler.Condition.NOT_EQUAL, unit);
        a.vzeroupper();
        for (Gpr r : List.of(R12, RBP, RBX)) a.pop(r);
        a.ret();
        a.align(32);
        a.place(table);
        for (int[] words : constants) for (int word : words) a.word(word);
    }

    /** A unit of eight columns; returns the bytes of a block of the file. */
    private int group() {
        switch (layout) {
            case Q8_0 -> {
                piece(0);
                halves(d(0), 0);
                for (int half = 0; half < 2; half++) {
                    piece(2 + 16 * half);
                    for (int i = 0; i < 4; i++) {
                        a.emit(VXORPS, d(i), d(i), constant(0x80808080));
                        quads(0, 0, 4 * half + i, d(i));
                    }
                }
                return 34;
            }
            case Q4_0, IQ4_NL -> {
                piece(0);
                halves(d(0), 0);
                nibbles(0, 2);
                return 18;
            }
            case MXFP4 -> {
                piece(0);
                powers(d(0));
                nibbles(0, 1);
                return 17;
            }
            case Q4_1 -> {
                piece(0);
                scaleAndMinimum(d(0));
                nibbles(0, 4);
                return 20;
            }
            case Q5_0 -> {
                piece(0);
                halves(d(0), 0);
                piece(2);
                fifths(d(0));
                nibbles(0, 6);
                return 22;
            }
            case Q5_1 -> {
                piece(0);
                scaleAndMinimum(d(0));
                fifths(d(1));
                nibbles(0, 8);
                return 24;
            }
            case Q2_K -> {
                piece(0);
                for (int i = 0; i < 4; i++) byParts(i, d(i));
                for (int half = 0; half < 2; half++) pairs(16 + 32 * half, 4 * half, 0);
                piece(68);
                factors(d(3), 0, layout.headMinima());
                return 84;
            }
            case Q3_K -> {
                bits(0);
                for (int half = 0; half < 2; half++) pairs(32 + 32 * half, 4 * half, 0);
                piece(94);
                factors(d(3), -1, 0);
                sixBitScales();
                return 110;
            }
            case Q4_K -> {
                scalesAndMinima();
                for (int i = 0; i < 4; i++) run(16 + 32 * i, 2 * i, 2 * i + 1);
                return 144;
            }
            case Q5_K -> {
                scalesAndMinima();
                bits(16);
                for (int i = 0; i < 4; i++) run(48 + 32 * i, 2 * i, 2 * i + 1);
                return 176;
            }
            case Q6_K -> {
                for (int i = 0; i < 4; i++) run(32 * i, 2 * i - i % 2, 2 * i - i % 2 + 2);
                for (int half = 0; half < 2; half++) pairs(128 + 32 * half, 4 * half, 1);
                piece(192);
                for (int i = 0; i < 4; i++) byParts(i, d(i));
                piece(194);
                factors(d(3), -1, 0);
                return 210;
            }
            case IQ4_XS -> {
                piece(0);
                factors(d(0), 0, -1);
                splitScales();
                for (int b = 0; b < 8; b++) nibbles(b, 8 + 16 * b);
                return 136;
            }
        }
        throw new IllegalStateException(layout + " cannot be packed");
    }

    // ---- reading --------------------------------------------------------------------------------------------------

    /** Four bytes number {@code i} of what was read last. */
    private static Vec d(int i) {
        return Vec.ymm(PIECE + i);
    }

    private static Mem row(int r, int at) {
        Gpr base = r < 4 ? LOWER : UPPER;
        return switch (r % 4) {
            case 0 -> Mem.at(base, at);
            case 1 -> Mem.at(base, ROW, 1, at);
            case 2 -> Mem.at(base, ROW, 2, at);
            default -> Mem.at(base, ROW3, 1, at);
        };
    }

    /** 16 bytes from {@code at} on of eight rows: to {@code d(0)} to {@code d(3)}. */
    private void piece(int at) {
        piece(at, 0);
    }

    private void piece(int at, int first) {
        for (int r = 0; r < 4; r++) {
            a.emit(VMOVUPS, Vec.xmm(r), row(r, at));
            a.emit(VINSERTF128, 1, Vec.ymm(r), Vec.ymm(r), row(r + 4, at));
        }
        for (int pair = 0; pair < 2; pair++) {
            a.emit(VUNPCKLPS, Vec.ymm(4 + 2 * pair), Vec.ymm(2 * pair), Vec.ymm(2 * pair + 1));
            a.emit(VUNPCKHPS, Vec.ymm(5 + 2 * pair), Vec.ymm(2 * pair), Vec.ymm(2 * pair + 1));
        }
        for (int half = 0; half < 2; half++) {
            a.emit(VUNPCKLPD, d(first + 2 * half), Vec.ymm(4 + half), Vec.ymm(6 + half));
            a.emit(VUNPCKHPD, d(first + 2 * half + 1), Vec.ymm(4 + half), Vec.ymm(6 + half));
        }
    }

    // ---- writing --------------------------------------------------------------------------------------------------

    private int block(int block) {
        return layout.head() + block * layout.blockBytes();
    }

    private void quads(int block, int plane, int vector, Vec v) {
        a.emit(VMOVUPS_STORE, Mem.at(QUADS, block(block) + layout.planeAt(plane, vector)), v);
    }

    /** The lower half of each lane as an F16 of its column. */
    private void halves(Vec v, int at) {
        factors(v, at, -1);
    }

    /** The lower and the upper halves of each lane; negative where they are not wanted. */
    private void factors(Vec v, int lower, int upper) {
        a.emit(VPSHUFB, T, v, constant(0x05040100, 0x0D0C0908, 0x07060302, 0x0F0E0B0A));
        a.emit(VPERMQ, 0b11_01_10_00, T, T);
        if (lower >= 0) a.emit(VMOVUPS_STORE, Mem.at(HALVES, lower), T.as(128));
        if (upper >= 0) a.emit(VEXTRACTF128, 1, Mem.at(HALVES, upper), T);
    }

    /** F16 scale and what is added; a minimum is what is taken off. */
    private void scaleAndMinimum(Vec v) {
        a.emit(VXORPS, T, v, constant(0x80000000));
        factors(T, layout.scalesAt(0), layout.minimaAt(0));
    }

    /** Byte i of each lane as a byte of its column at {@code at[i]}. */
    private void bytes(Vec v, int... at) {
        a.emit(VPSHUFB, T, v, constant(0x0C080400, 0x0D090501, 0x0E0A0602, 0x0F0B0703));
        a.emit(VMOVUPS, T2, constant(0, 4, 1, 5, 2, 6, 3, 7));
        a.emit(VPERMD, T, T2, T);
        a.emit(VEXTRACTF128, 1, T2.as(128), T);
        a.emit(VMOVLPS_STORE, Mem.at(BYTES, at[0]), T.as(128));
        a.emit(VMOVHPS_STORE, Mem.at(BYTES, at[1]), T.as(128));
        a.emit(VMOVLPS_STORE, Mem.at(BYTES, at[2]), T2.as(128));
        a.emit(VMOVHPS_STORE, Mem.at(BYTES, at[3]), T2.as(128));
    }

    /** The bytes of lanes are scales of two parts of block 2i, then of block 2i + 1. */
    private void byParts(int i, Vec v) {
        int even = block(2 * i), odd = block(2 * i + 1);
        int first = layout.scalesAt(0), second = layout.scalesAt(1);
        bytes(v, even + first, even + second, odd + first, odd + second);
    }

    /** The bytes of lanes belong to four blocks from {@code block} on, {@code at} from their starts. */
    private void byBlocks(int block, int at, Vec v) {
        bytes(v, block(block) + at, block(block + 1) + at, block(block + 2) + at, block(block + 3) + at);
    }

    // ---- weights --------------------------------------------------------------------------------------------------

    /** 16 bytes with numbers i and i + 16 of a block: as the panel has them. */
    private void nibbles(int block, int at) {
        piece(at);
        for (int i = 0; i < 4; i++) quads(block, 0, i, d(i));
    }

    /** 32 bytes whose low halves are one block and whose high halves another. */
    private void run(int at, int low, int high) {
        both(at);
        for (int i = 0; i < 4; i++) {
            exchange(d(i), d(i + 4), 4);
            quads(low, 0, i, d(i));
            quads(high, 0, i, d(i + 4));
        }
    }

    /** 32 bytes with two bits for each of four blocks, which fill a plane. */
    private void pairs(int at, int block, int plane) {
        both(at);
        for (int v = 0; v < 2; v++) {
            for (int i = 0; i < 2; i++) exchange(d(v + 2 * i), d(v + 2 * i + 4), 4);
            for (int i = 0; i < 2; i++) exchange(d(v + 4 * i), d(v + 4 * i + 2), 2);
            for (int i = 0; i < 4; i++) quads(block + i, plane, v, d(v + 2 * i));
        }
    }

    /** 32 bytes with one bit for each of eight blocks: the second plane. */
    private void bits(int at) {
        both(at);
        for (int width = 4; width > 0; width /= 2)
            for (int i = 0; i < 8; i++) if ((i & width) == 0) exchange(d(i), d(i + width), width);
        for (int i = 0; i < 8; i++) quads(i, 1, 0, d(i));
    }

    private void both(int at) {
        piece(at, 0);
        piece(at + 16, 4);
    }

    /** In every 2 * width bits: the upper ones of {@code low} against the lower ones of {@code high}. */
    private void exchange(Vec low, Vec high, int width) {
        int lower = (0xFF / ((1 << width) + 1)) * 0x01010101;
        a.emit(VPSRLW, width, T, low);
        a.emit(VXORPS, T, T, high);
        a.emit(VANDPS, T, T, constant(lower));
        a.emit(VXORPS, high, high, T);
        a.emit(VPSLLW, width, T, T);
        a.emit(VXORPS, low, low, T);
    }

    /** 32 bits, one for each number of a block: bit 4q + k becomes bit q of byte k, and the second plane. */
    private void fifths(Vec v) {
        int[][] places = {{4, 1}, {3, 0}, {2, 1}, {1, 0}}; // of the five bits of a bit's number, two change places
        for (int[] p : places) {
            int distance = (1 << p[0]) - (1 << p[1]);
            int mask = 0;
            for (int bit = 0; bit < 32; bit++) if ((bit >> p[0] & 1) == 0 && (bit >> p[1] & 1) == 1) mask |= 1 << bit;
            a.emit(VPSRLD, distance, T, v);
            a.emit(VXORPS, T, T, v);
            a.emit(VANDPS, T, T, constant(mask));
            a.emit(VXORPS, v, v, T);
            a.emit(VPSLLD, distance, T, T);
            a.emit(VXORPS, v, v, T);
        }
        quads(0, 1, 0, v);
    }

    // ---- scales ---------------------------------------------------------------------------------------------------

    /** MXFP4: byte e of a lane becomes 2^(e - 128) as BF16, which below 2^-126 is a denormal number of one bit. */
    private void powers(Vec v) {
        a.emit(VANDPS, T, v, constant(0xFF));
        a.emit(VPSLLD, 7, T2, T);
        a.emit(VPADDD, T2, T2, constant(-(1 << 7)));
        a.emit(VPSLLD, 5, T, T);
        a.emit(VPADDD, T, T, constant(1 << 5));
        a.emit(VPMAXSD, T, T, T2);
        halves(T, 0);
    }

    /**
     * Q4_K and Q5_K: d and dMin, then twelve bytes: six bits for each scale and minimum of the first four blocks, under
     * two more bits of the other four, whose lower four bits come last.
     */
    private void scalesAndMinima() {
        piece(0);
        factors(d(0), 0, layout.headMinima());
        for (int i = 0; i < 2; i++) {
            int at = i == 0 ? layout.scalesAt(0) : layout.minimaAt(0);
            Vec six = d(1 + i), four = d(3), v = d(4);
            a.emit(VANDPS, v, six, constant(0x3F3F3F3F));
            byBlocks(0, at, v);
            a.emit(VPSRLW, 2, six, six);
            a.emit(VANDPS, six, six, constant(0x30303030));
            if (i == 1) a.emit(VPSRLW, 4, four, four);
            a.emit(VANDPS, v, four, constant(0x0F0F0F0F));
            a.emit(VORPS, v, v, six);
            byBlocks(4, at, v);
        }
    }

    /** Q3_K: 16 scales of six bits, 32 meaning zero: 8 bytes with the lower four, 4 bytes with the upper two. */
    private void sixBitScales() {
        piece(92); // from 96 on
        for (int i = 0; i < 4; i++) {
            Vec low = d(1 + i % 2), v = d(4), high = d(5);
            if (i < 2) a.emit(VANDPS, v, low, constant(0x0F0F0F0F));
            else {
                a.emit(VPSRLW, 4, v, low);
                a.emit(VANDPS, v, v, constant(0x0F0F0F0F));
            }
            switch (i) {
                case 0 -> a.emit(VPSLLW, 4, high, d(3));
                case 1 -> a.emit(VPSLLW, 2, high, d(3));
                case 2 -> a.emit(VMOVUPS, high, d(3));
                default -> a.emit(VPSRLW, 2, high, d(3));
            }
            a.emit(VANDPS, high, high, constant(0x30303030));
            a.emit(VORPS, v, v, high);
            a.emit(VPSUBB, v, v, constant(0x20202020));
            byParts(i, v);
        }
    }

    /** IQ4_XS: 8 scales of six bits, 32 meaning zero: four bytes with the lower four, before them two with the upper. */
    private void splitScales() {
        for (int four = 0; four < 2; four++) {
            Vec sum = d(4), v = d(5);
            for (int i = 0; i < 4; i++) {
                int block = 4 * four + i;
                a.emit(VPSRLD, 4 * block, v, d(1));
                a.emit(VANDPS, v, v, constant(0xF));
                a.emit(VPSRLD, 16 + 2 * block, T, d(0));
                a.emit(VPSLLD, 4, T, T);
                a.emit(VANDPS, T, T, constant(0x30));
                a.emit(VORPS, v, v, T);
                a.emit(VPSLLD, 8 * i, v, v);
                if (i == 0) a.emit(VMOVUPS, sum, v);
                else a.emit(VORPS, sum, sum, v);
            }
            a.emit(VPSUBB, sum, sum, constant(0x20202020));
            byBlocks(4 * four, layout.scalesAt(0), sum);
        }
    }

    // ---- constants ------------------------------------------------------------------------------------------------

    /** 32 bytes behind the code: the words again and again. */
    private Mem constant(int... words) {
        int[] all = new int[8];
        for (int i = 0; i < 8; i++) all[i] = words[i % words.length];
        for (int i = 0; i < constants.size(); i++)
            if (Arrays.equals(constants.get(i), all)) return Mem.at(CONSTANTS, 32 * i);
        constants.add(all);
        return Mem.at(CONSTANTS, 32 * (constants.size() - 1));
    }
}
