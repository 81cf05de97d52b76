package dev.prairie.cpu.codegen;

import dev.prairie.tensor.DType;

/**
 * The generated functions for heads of one layout.
 *
 * @param kept     how keys and values are kept
 * @param take     {@link HeadRows#take} of F32
 * @param keys     the same of keys and values as they are kept
 * @param put      {@link HeadRows#put} over what is there
 * @param add      {@link HeadRows#put} on top of what is there
 * @param dots     {@link HeadRows#dots}
 * @param pairs    {@link HeadRows#pairs}; only called for layouts in pairs
 * @param across   {@link MatrixTransposition}
 * @param forward  {@link AttentionCode#forward}
 * @param backward {@link AttentionCode#backward}
 * @param queryRow bytes of a query of {@code query}, padded
 * @param query    a query in F32: {@link HeadRows#take} of {@link HeadLayout#unpaired}
 * @param scores   {@link QueryCode#scores}
 * @param softmax  {@link QueryCode#softmax}
 * @param mix      {@link QueryCode#mix}
 */
record HeadKernels(
        HeadLayout layout,
        DType kept,
        Kernel take,
        Kernel keys,
        Kernel put,
        Kernel add,
        Kernel dots,
        Kernel pairs,
        Kernel across,
        Kernel forward,
        Kernel backward,
        int queryRow,
        Kernel query,
        Kernel scores,
        Kernel softmax,
        Kernel mix) {
    /** Whether these are for keys and values of that type and width. */
    boolean is(DType type, int d) {
        return kept == type && layout.d() == d;
    }

    static HeadKernels of(HeadLayout layout, DType kept, CodePages pages, Constants constants) {
        var rows = new HeadRows(layout, constants);
        var query = new QueryCode(layout.unpaired(), kept, constants);
        Kernel take = pages.add(rows.take(DType.F32));
        return new HeadKernels(
                layout,
                kept,
                take,
                kept == DType.F32 ? take : pages.add(rows.take(kept)),
                pages.add(rows.put(false)),
                pages.add(rows.put(true)),
                pages.add(rows.dots()),
                layout.pairs() ? pages.add(rows.pairs()) : take,
                pages.add(MatrixTransposition.code(layout.isa().bits())),
                pages.add(AttentionCode.forward(layout, constants)),
                pages.add(AttentionCode.backward(layout, constants)),
                layout.unpaired().row(),
                layout.pairs() ? pages.add(new HeadRows(layout.unpaired(), constants).take(DType.F32)) : take,
                pages.add(query.scores()),
                pages.add(query.softmax()),
                pages.add(query.mix()));
    }
}
