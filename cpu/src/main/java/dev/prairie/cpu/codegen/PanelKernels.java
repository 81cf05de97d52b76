package dev.prairie.cpu.codegen;

import org.jspecify.annotations.Nullable;

/** The generated kernels for one layout of quantised weights. */
final class PanelKernels {
    private final Kernel pack;
    private final Kernel round;
    private final Kernel roundForTiles;
    private final Kernel unpack;
    private final Kernel[] multiply; // by rows at a time
    private final @Nullable Kernel tiles;
    private final Kernel[] stream;

    PanelKernels(CodePages pages, Isa isa, PanelLayout layout) {
        pack = pages.add(PackPanel.code(layout));
        round = pages.add(RoundRow.code(isa, layout, false));
        roundForTiles = PanelCode.tiles(isa) ? pages.add(RoundRow.code(isa, layout, true)) : round;
        unpack = pages.add(UnpackPanel.code(isa, layout));
        tiles = PanelCode.tiles(isa) ? pages.add(MultiplyTiles.code(layout)) : null;
        multiply = new Kernel[tiles == null ? MultiplyPanel.rows(isa) : 0];
        for (int r = 0; r < multiply.length; r++) multiply[r] = pages.add(MultiplyPanel.code(isa, layout, r + 1));
        stream = new Kernel[StreamPanels.ROWS];
        for (int r = 0; r < stream.length; r++) stream[r] = pages.add(StreamPanels.code(isa, layout, r + 1));
    }

    Kernel pack() {
        return pack;
    }

    Kernel round(boolean forTiles) {
        return forTiles ? roundForTiles : round;
    }

    Kernel unpack() {
        return unpack;
    }

    /** Rows at a time at most. */
    int rows() {
        return tiles == null ? multiply.length : MultiplyTiles.ROWS;
    }

    /** For {@code rows} rows at a time; with tiles always {@link #rows()}. */
    Kernel multiply(int rows) {
        return tiles == null ? multiply[rows - 1] : tiles;
    }

    /** For {@code rows} rows in all. */
    Kernel stream(int rows) {
        return stream[rows - 1];
    }
}
