package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Simd.*;

/**
 * The kernel that unpacks units of a panel: {@code (panel, out, units)}. What comes out is the same for all types but for
 * the number of scales: the quads in bytes, then F32 scales, then F32 minima where there are any. Bytes are unsigned, or
 * signed for tiles.
 */
final class UnpackPanel {
    private UnpackPanel() {}

    /** Whether bytes come out signed, and zero is 0 instead of {@link PanelLayout#offset()}. */
    static boolean signed(Isa isa, PanelLayout layout) {
        return PanelCode.tiles(isa) && layout.offset() != 0;
    }

    static byte[] code(Isa isa, PanelLayout layout) {
        var a = new Assembler();
        var code = new PanelCode(a, isa, layout);
        Vec w = code.v(0), t = code.v(1), scale = code.v(2);
        var constants = new PanelCode.Constants(code.v(3), code.v(4));
        boolean signed = signed(isa, layout);
        code.constants(constants, signed);
        Vec offset = code.v(5);
        boolean lower = signed && !layout.level().looked();
        if (lower) code.constant(offset, layout.offset() * 0x01010101);
        Label unit = a.here();
        a.mov(RAX, RDI); // the unit
        a.add(RDI, layout.head());
        a.mov(RCX, layout.blocks());
        Label block = a.here();
        int[] fetched = {0};
        for (int i = 0; i < code.vectors(); i++) {
            int column = i * code.bytes();
            for (int part = 0; part < layout.parts(); part++) {
                code.weights(RDI, part, i, w, t, constants, (q, bytes) -> {
                    if (fetched[0] < layout.blockBytes()) {
                        a.prefetch(Assembler.Nearness.T1, Mem.at(RDI, StreamPanels.AHEAD + fetched[0]));
                        fetched[0] += 64;
                    }
                    if (lower) a.emit(VPSUBB, bytes, bytes, offset);
                    a.emit(VMOVUPS_STORE, Mem.at(RSI, q * PanelLayout.QUAD + column), bytes);
                });
                code.scales(RAX, RDI, part, i, scale, t);
                a.emit(VMOVUPS_STORE, Mem.at(RSI, PanelLayout.unpackedScales(part) + column), scale);
                if (layout.minima()) {
                    code.minima(RAX, RDI, part, i, scale, t);
                    a.emit(VMOVUPS_STORE, Mem.at(RSI, layout.unpackedMinima(part) + column), scale);
                }
            }
        }
        a.add(RDI, layout.blockBytes());
        a.add(RSI, layout.unpackedBytes());
        a.sub(RCX, 1);
        a.jump(Assembler.Condition.NOT_EQUAL, block);
        a.sub(RDX, 1);
        a.jump(Assembler.Condition.NOT_EQUAL, unit);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }
}
