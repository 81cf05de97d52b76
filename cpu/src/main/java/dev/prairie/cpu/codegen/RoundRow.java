package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Simd.*;

import dev.prairie.tensor.device.PackedWeights;

/**
 * The kernel that rounds a row of activations to whole numbers of 8 bits, as {@code Kernels.matmul} with packed weights
 * defines it, into records as in {@link PanelCode}: {@code (x, records, blocks)}, or for tiles
 * {@code (x, numbers, blocks, side)}. In vectors of 256 bits everywhere: it
 * does a hundredth of a product's work.
 */
final class RoundRow {
    private static final int BLOCK_BYTES = PanelLayout.BLOCK * Float.BYTES;

    private static final Vec MOST = Vec.ymm(0), SCALE = Vec.ymm(1), INVERSE = Vec.ymm(2), T = Vec.ymm(3);
    private static final Vec ZERO = Vec.ymm(9), T2 = Vec.ymm(10);
    private static final Vec EVEN_FIRST = Vec.ymm(11), ORDER = Vec.ymm(12), NOTHING = Vec.ymm(13);
    private static final Vec TOP = Vec.ymm(14), MAGNITUDE = Vec.ymm(15);

    private final Assembler a = new Assembler();
    private final Isa isa;
    private final PanelLayout layout;
    private final boolean tiles;

    private RoundRow(Isa isa, PanelLayout layout, boolean tiles) {
        this.isa = isa;
        this.layout = layout;
        this.tiles = tiles;
    }

    static byte[] code(Isa isa, PanelLayout layout, boolean tiles) {
        var code = new RoundRow(isa, layout, tiles);
        code.row();
        return code.a.bytes();
    }

    private void row() {
        constant(MAGNITUDE, 0x7FFFFFFF);
        constant(TOP, Float.floatToRawIntBits(127));
        constant(NOTHING, Float.floatToRawIntBits(PackedWeights.NOTHING));
        constant(ORDER, 0x4_0000_0000L, 0x5_0000_0001L, 0x6_0000_0002L, 0x7_0000_0003L);
        if (!PanelCode.dots(isa)) {
            long low = 0x0705_0604_0301_0200L, high = 0x0F0D_0E0C_0B09_0A08L;
            constant(EVEN_FIRST, low, high, low, high);
        }
        a.emit(VXORPS, ZERO, ZERO, ZERO);
        Label block = a.here();
        largest();
        a.emit(VDIVPS, INVERSE, TOP, MOST);
        a.emit(VDIVPS, SCALE, MOST, TOP);
        a.emit(VSUBPS, T, MOST, MOST); // 0, but NaN for an infinity or a NaN, and it shall be seen
        a.emit(VADDPS, SCALE, SCALE, T);
        block();
        a.add(RDI, BLOCK_BYTES);
        a.add(RSI, tiles ? PanelCode.X_TILE : PanelCode.record(isa));
        if (tiles) a.add(RCX, PanelCode.side(layout));
        a.sub(RDX, 1);
        a.jump(Assembler.Condition.NOT_EQUAL, block);
        a.vzeroupper();
        a.ret();
    }

    /** The largest magnitude of a block, in every lane; magnitudes compare like their bits, NaN as the largest. */
    private void largest() {
        for (int i = 0; i < 4; i++) {
            a.emit(VANDPS, T, MAGNITUDE, Mem.at(RDI, 32 * i));
            a.emit(VPMAXSD, MOST, i == 0 ? NOTHING : MOST, T);
        }
        acrossLanes(VPMAXSD, MOST, T);
        a.emit(VPBROADCASTD, MOST, MOST.as(128));
    }

    /** The eight lanes of {@code v} joined by {@code op}; the result is in its lower four. */
    private void acrossLanes(Simd op, Vec v, Vec t) {
        Vec x = v.as(128), y = t.as(128);
        a.emit(VEXTRACTF128, 1, y, v);
        a.emit(op, x, x, y);
        for (int order : new int[] {0b01_00_11_10, 0b10_11_00_01}) {
            a.emit(VPSHUFD, order, y, x);
            a.emit(op, x, x, y);
        }
    }

    private void block() {
        Vec[] q = {Vec.ymm(4), Vec.ymm(5), Vec.ymm(6), Vec.ymm(7)};
        for (int i = 0; i < 4; i++) {
            a.emit(VMULPS, q[i], INVERSE, Mem.at(RDI, 32 * i));
            a.emit(VCVTPS2DQ, q[i], q[i]);
        }
        if (!tiles || layout.minima()) terms(q); // signed weights need none
        a.emit(VPACKSSDW, q[0], q[0], q[1]);
        a.emit(VPACKSSDW, q[2], q[2], q[3]);
        a.emit(VPACKSSWB, q[0], q[0], q[2]); // within halves of a register: fours of all four in turn
        a.emit(VPERMD, q[0], ORDER, q[0]);
        if (PanelCode.dots(isa)) a.emit(VMOVUPS_STORE, Mem.at(RSI), q[0]);
        else {
            a.emit(VPSHUFB, q[0], q[0], EVEN_FIRST);
            a.emit(VEXTRACTF128, 1, q[2].as(128), q[0]);
            a.emit(VPMOVSXBW, q[0], q[0].as(128));
            a.emit(VPMOVSXBW, q[2], q[2].as(128));
            a.emit(VMOVUPS_STORE, Mem.at(RSI), q[0]);
            a.emit(VMOVUPS_STORE, Mem.at(RSI, 32), q[2]);
        }
        a.emit(VMOVSS_STORE, tiles ? Mem.at(RCX) : Mem.at(RSI, PanelCode.scale(isa)), SCALE.as(128));
    }

    private void terms(Vec[] q) {
        a.emit(VPADDD, T, q[0], q[1]);
        a.emit(VPADDD, T2, q[2], q[3]);
        if (layout.parts() == 1) {
            a.emit(VPADDD, T, T, T2);
            term(0, T);
        } else {
            Vec kept = Vec.ymm(8);
            a.emit(VMOVUPS, kept, T2);
            term(0, T);
            term(1, kept);
        }
    }

    /** The term of a part of a block, from eight sums of its whole numbers. */
    private void term(int part, Vec sums) {
        acrossLanes(VPADDD, sums, T2);
        Vec sum = sums.as(128);
        if (layout.minima()) {
            a.emit(VCVTDQ2PS, sum, sum);
            a.emit(VMULPS, sum, sum, SCALE.as(128));
        } else {
            a.emit(VPSLLD, Integer.numberOfTrailingZeros(layout.offset()), sum, sum);
            a.emit(VPSUBD, sum, ZERO.as(128), sum);
        }
        Mem to = tiles ? Mem.at(RCX, PanelCode.sideTerms(part)) : Mem.at(RSI, PanelCode.term(isa, part));
        a.emit(VMOVSS_STORE, to, sum);
    }

    private void constant(Vec to, int value) {
        a.mov(RAX, value);
        a.emit(VMOVD, to.as(128), RAX);
        a.emit(VPBROADCASTD, to, to.as(128));
    }

    /** Four times 64 bits, by way of the memory below the stack that belongs to a function which calls none. */
    private void constant(Vec to, long... parts) {
        for (int i = 0; i < parts.length; i++) {
            a.mov(RAX, parts[i]);
            a.mov(Mem.at(RSP, 8 * i - 32), RAX);
        }
        a.emit(VMOVUPS, to, Mem.at(RSP, -32));
    }
}
