/** What is computed: the transformer, its files, and how text is sampled from it. Knows no text. */
module dev.prairie.model {
    requires static transitive org.jspecify;
    requires tools.jackson.databind;
    requires transitive dev.prairie.tensor;

    exports dev.prairie.model.layer;
    exports dev.prairie.model.cache;
    exports dev.prairie.model.transformer;
    exports dev.prairie.model.checkpoint;
    exports dev.prairie.model.generate;
    exports dev.prairie.model.quantize;
    exports dev.prairie.model.reference;
}
