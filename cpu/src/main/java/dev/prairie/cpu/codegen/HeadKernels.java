package dev.prairie.cpu.codegen;

/**
 * The generated functions for heads of one layout.
 *
 * @param take     {@link HeadRows#take}
 * @param put      {@link HeadRows#put} over what is there
 * @param add      {@link HeadRows#put} on top of what is there
 * @param dots     {@link HeadRows#dots}
 * @param pairs    {@link HeadRows#pairs}; only called for layouts in pairs
 * @param across   {@link MatrixTransposition}
 * @param forward  {@link AttentionCode#forward}
 * @param backward {@link AttentionCode#backward}
 */
record HeadKernels(
        HeadLayout layout,
        Kernel take,
        Kernel put,
        Kernel add,
        Kernel dots,
        Kernel pairs,
        Kernel across,
        Kernel forward,
        Kernel backward) {
    static HeadKernels of(HeadLayout layout, CodePages pages, Constants constants) {
        var rows = new HeadRows(layout, constants);
        Kernel take = pages.add(rows.take());
        return new HeadKernels(
                layout,
                take,
                pages.add(rows.put(false)),
                pages.add(rows.put(true)),
                pages.add(rows.dots()),
                layout.pairs() ? pages.add(rows.pairs()) : take,
                pages.add(MatrixTransposition.code(layout.isa().bits())),
                pages.add(AttentionCode.forward(layout, constants)),
                pages.add(AttentionCode.backward(layout, constants)));
    }
}
