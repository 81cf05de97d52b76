/** What a token is: corpora, tokenizers, batches and chat templates. Knows no tensor. */
module dev.prairie.text {
    requires static transitive org.jspecify;
    requires transitive tools.jackson.databind;

    exports dev.prairie.text.batch;
    exports dev.prairie.text.corpus;
    exports dev.prairie.text.grammar;
    exports dev.prairie.text.pattern;
    exports dev.prairie.text.reply;
    exports dev.prairie.text.template;
    exports dev.prairie.text.tokenizer;
}
