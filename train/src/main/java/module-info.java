/** How weights move: the optimizer, the loop and its checkpoints. */
module dev.prairie.train {
    requires static transitive org.jspecify;
    requires tools.jackson.databind;
    requires tools.jackson.dataformat.yaml;
    requires jdk.management;
    requires transitive dev.prairie.model;
    requires transitive dev.prairie.text;

    exports dev.prairie.train.checkpoint;
    exports dev.prairie.train.loop;
    exports dev.prairie.train.optimizer;
}
