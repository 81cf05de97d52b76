package dev.prairie.cpu.codegen;

/** The generated kernels for one layout of quantised weights. */
final class PanelKernels {
    private final Kernel round;
    private final Kernel unpack;
    private final Kernel[] multiply;
    private final Kernel[] stream;

    PanelKernels(CodePages pages, Isa isa, PanelLayout layout) {
        round = pages.add(RoundRow.code(isa, layout));
        unpack = pages.add(UnpackPanel.code(isa, layout));
        multiply = new Kernel[MultiplyPanel.rows(isa)];
        for (int r = 0; r < multiply.length; r++) multiply[r] = pages.add(MultiplyPanel.code(isa, layout, r + 1));
        stream = new Kernel[StreamPanels.ROWS];
        for (int r = 0; r < stream.length; r++) stream[r] = pages.add(StreamPanels.code(isa, layout, r + 1));
    }

    Kernel round() {
        return round;
    }

    Kernel unpack() {
        return unpack;
    }

    /** For {@code rows} rows at a time. */
    Kernel multiply(int rows) {
        return multiply[rows - 1];
    }

    /** For {@code rows} rows in all. */
    Kernel stream(int rows) {
        return stream[rows - 1];
    }
}
