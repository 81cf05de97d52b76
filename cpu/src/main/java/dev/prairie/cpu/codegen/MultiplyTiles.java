package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static dev.prairie.cpu.codegen.Simd.*;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The kernel for many rows by tiles: stretches of 16 rows of activations times an unpacked part of a panel with signed
 * bytes, on top of a base; 16 columns at a time. It writes all rows of a stretch, whether they exist or not.
 *
 * <p>A tile holds the whole sums of one block (or of a part of one), 16 x 16. The tiles of a stretch go to memory first,
 * then the vector registers scale them by both scales and sum them as F32. One after the other, which is simpler and was
 * measured to be no slower than both in turn. Four tiles are under way at a time, as a product takes long to come out; so
 * up to three blocks behind the last are read, and not used.
 */
final class MultiplyTiles {
    /** Rows of a stretch, and columns at a time. */
    static final int ROWS = PanelCode.STRETCH, COLUMNS = 16;

    /** Bytes of a tile's row of sums. */
    private static final int ROW = 64;

    /** Bytes of a configuration. */
    static final int CONFIGURATION = 64;

    /** Bytes of a tile of sums, which are stored from 64 bytes after the configuration on: the first four are void. */
    private static final int TILE_BYTES = ROWS * ROW;

    /** Memory for the configuration and the sums of {@code blocks} blocks. */
    static long bytes(PanelLayout layout, int blocks) {
        return CONFIGURATION + (long) (blocks * layout.parts() + 2 * TURNS) * TILE_BYTES;
    }

    /** Sums, activations, weights: tiles of each kind in turn. */
    private static final int SUMS = 0, TURNS = 4, X_TILES = 4, W_TILES = 6, LOADS = 2;

    private static final Gpr CALL = RDI, X = RSI, X_STRETCH = R8, PANEL = R9, OUT = R10, OUT_ROW = R11;
    private static final Gpr BASE = RAX, BASE_ROW = RDX, BLOCKS = RCX;
    private static final Gpr X0 = RBX, W = R12, S = R13, SIDE = R14, TILE = R15, LINE = RBP;

    private final Assembler a = new Assembler();
    private final PanelLayout layout;

    private MultiplyTiles(PanelLayout layout) {
        this.layout = layout;
    }

    static byte[] code(PanelLayout layout) {
        var code = new MultiplyTiles(layout);
        code.stretches();
        return code.a.bytes();
    }

    /** Sets up the tiles for a layout: sums, activations, weights (Intel SDM volume 1, 18.3.1). */
    static void configure(MemorySegment to, PanelLayout layout) {
        to.asSlice(0, CONFIGURATION).fill((byte) 0);
        to.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        for (int t = 0; t < TURNS; t++) shape(to, Tile.tmm(SUMS + t), ROWS, 4 * COLUMNS);
        for (int t = 0; t < LOADS; t++) {
            shape(to, Tile.tmm(X_TILES + t), ROWS, 4 * layout.quads());
            shape(to, Tile.tmm(W_TILES + t), layout.quads(), 4 * COLUMNS);
        }
    }

    private static void shape(MemorySegment to, Tile tile, int rows, int bytes) {
        to.set(ValueLayout.JAVA_SHORT, 16 + 2 * tile.index(), (short) bytes);
        to.set(ValueLayout.JAVA_BYTE, 48 + tile.index(), (byte) rows);
    }

    private static Vec sum(int r) {
        return Vec.zmm(r);
    }

    private void stretches() {
        for (Gpr r : SAVED) a.push(r);
        a.mov(X, PanelCall.X.in(CALL));
        a.mov(X_STRETCH, PanelCall.X_ROW.in(CALL));
        a.mov(PANEL, PanelCall.W.in(CALL));
        a.mov(OUT, PanelCall.OUT.in(CALL));
        a.mov(OUT_ROW, PanelCall.OUT_ROW.in(CALL));
        a.mov(SIDE, PanelCall.SIDE.in(CALL));
        a.mov(TILE, PanelCall.TILES.in(CALL));
        a.mov(LINE, ROW);
        a.ldtilecfg(Mem.at(TILE));
        Label stretch = a.here();
        for (int column = 0; column < PanelLayout.COLUMNS; column += COLUMNS) columns(4 * column);
        a.add(X, X_STRETCH);
        a.mov(R13, ROWS);
        a.imul(R13, OUT_ROW);
        a.add(OUT, R13);
        a.mov(R13, ROWS);
        a.imul(R13, BASE_ROW);
        a.add(R13, PanelCall.BASE.in(CALL));
        a.mov(PanelCall.BASE.in(CALL), R13);
        a.add(SIDE, PanelCall.SIDE_STRETCH.in(CALL));
        a.mov(RAX, PanelCall.COUNT.in(CALL));
        a.sub(RAX, 1);
        a.mov(PanelCall.COUNT.in(CALL), RAX);
        a.jump(Assembler.Condition.NOT_EQUAL, stretch);
        a.tilerelease();
        a.vzeroupper();
        for (Gpr r : SAVED.reversed()) a.pop(r);
        a.ret();
    }

    /** All rows of a stretch, 16 columns from {@code column} bytes on. */
    private void columns(int column) {
        tiles(column);
        a.mov(BLOCKS, PanelCall.BLOCKS.in(CALL));
        a.mov(W, PANEL);
        a.mov(S, SIDE);
        a.lea(X0, Mem.at(TILE, CONFIGURATION + TURNS * TILE_BYTES));
        for (int r = 0; r < ROWS; r++) a.emit(VXORPS, sum(r), sum(r), sum(r));
        a.align(64);
        Label block = a.here();
        for (int part = 0; part < layout.parts(); part++) {
            scale(part, column);
            if (layout.minima()) minima(part, column);
        }
        a.add(W, layout.unpackedBytes());
        a.add(X0, layout.parts() * TILE_BYTES);
        a.add(S, PanelCode.side(layout));
        a.sub(BLOCKS, 1);
        a.jump(Assembler.Condition.NOT_EQUAL, block);
        a.mov(BASE, PanelCall.BASE.in(CALL));
        a.mov(BASE_ROW, PanelCall.BASE_ROW.in(CALL));
        a.mov(X0, OUT);
        for (int r = 0; r < ROWS; r++) {
            a.emit(VADDPS, sum(r), sum(r), Mem.at(BASE, column));
            a.emit(VMOVUPS_STORE, Mem.at(X0, column), sum(r));
            a.add(BASE, BASE_ROW);
            a.add(X0, OUT_ROW);
        }
    }

    /** The sums of all blocks to memory, before scaling. A tile is stored when it is its turn again. */
    private void tiles(int column) {
        int together = TURNS / layout.parts();
        a.mov(BLOCKS, PanelCall.BLOCKS.in(CALL));
        a.mov(X0, X);
        a.mov(W, PANEL);
        a.lea(S, Mem.at(TILE, CONFIGURATION));
        a.mov(RAX, PanelLayout.BLOCK);
        a.align(64);
        Label round = a.here();
        for (int turn = 0; turn < TURNS; turn++) {
            int block = turn / layout.parts();
            int quad = turn % layout.parts() * layout.quads();
            Tile sums = Tile.tmm(SUMS + turn);
            Tile x = Tile.tmm(X_TILES + turn % LOADS), w = Tile.tmm(W_TILES + turn % LOADS);
            a.tilestored(Mem.at(S, LINE, 1, turn * TILE_BYTES), sums);
            a.tilezero(sums);
            a.tileloadd(x, Mem.at(X0, RAX, 1, block * PanelCode.X_TILE + 4 * quad));
            a.tileloadd(w, Mem.at(W, LINE, 2, block * layout.unpackedBytes() + quad * PanelLayout.QUAD + column));
            a.tdpbssd(sums, x, w);
        }
        a.add(W, together * layout.unpackedBytes());
        a.add(X0, together * PanelCode.X_TILE);
        a.add(S, TURNS * TILE_BYTES);
        a.sub(BLOCKS, together);
        a.jump(Assembler.Condition.GREATER, round);
        for (int turn = 0; turn < TURNS; turn++)
            a.tilestored(Mem.at(S, LINE, 1, turn * TILE_BYTES), Tile.tmm(SUMS + turn));
    }

    /** Scales the sums of a part of a block and adds them up. */
    private void scale(int part, int column) {
        Vec scale = Vec.zmm(31);
        a.emit(VMOVUPS, scale, Mem.at(W, PanelLayout.unpackedScales(part) + column));
        for (int r = 0; r < ROWS; r++) {
            Vec both = Vec.zmm(16 + r % 4), whole = Vec.zmm(20 + r % 4);
            a.emit(VMULPS, both, scale, Mem.at(S, 4 * r).toAllLanes());
            a.emit(VCVTDQ2PS, whole, Mem.at(X0, part * TILE_BYTES + r * ROW));
            a.emit(VFMADD231PS, sum(r), whole, both);
        }
    }

    private void minima(int part, int column) {
        Vec minimum = Vec.zmm(31);
        a.emit(VMOVUPS, minimum, Mem.at(W, layout.unpackedMinima(part) + column));
        for (int r = 0; r < ROWS; r++)
            a.emit(
                    VFNMADD231PS,
                    sum(r),
                    minimum,
                    Mem.at(S, PanelCode.sideTerms(part) + 4 * r).toAllLanes());
    }
}
