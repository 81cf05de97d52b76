/** How weights move: loss, optimizer, schedule, the loop and its checkpoints. */
module dev.prairie.train {
    requires static transitive org.jspecify;
    requires tools.jackson.databind;
    requires tools.jackson.dataformat.yaml;
    requires transitive dev.prairie.model;
    requires transitive dev.prairie.text;
}
