/** What a token is: corpora, tokenizers and batches. Knows no tensor. */
module dev.prairie.text {
    requires static transitive org.jspecify;
    requires tools.jackson.databind;

    exports dev.prairie.text.batch;
    exports dev.prairie.text.corpus;
    exports dev.prairie.text.pattern;
    exports dev.prairie.text.tokenizer;
}
