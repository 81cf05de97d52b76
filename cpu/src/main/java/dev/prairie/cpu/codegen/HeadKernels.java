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
 * @param query    a query in F32: {@link HeadRows#take} of {@link HeadLayout#unpaired}
 * @param scores   {@link QueryCode#scores}
 * @param softmax  {@link QueryCode#softmax}
 * @param mix      {@link QueryCode#mix}
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
        Kernel backward,
        Kernel query,
        Kernel scores,
        Kernel softmax,
        Kernel mix) {
    static HeadKernels of(HeadLayout layout, CodePages pages, Constants constants) {
        var rows = new HeadRows(layout, constants);
        var query = new QueryCode(layout.unpaired(), constants);
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
                pages.add(AttentionCode.backward(layout, constants)),
                layout.pairs() ? pages.add(new HeadRows(layout.unpaired(), constants).take()) : take,
                pages.add(query.scores()),
                pages.add(query.softmax()),
                pages.add(query.mix()));
    }
}
