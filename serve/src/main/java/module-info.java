/** How requests share a model: the engine and the OpenAI-compatible endpoints. */
module dev.prairie.serve {
    requires static transitive org.jspecify;
    requires tools.jackson.databind;
    requires transitive io.javalin;
    requires transitive dev.prairie.model;
    requires transitive dev.prairie.text;
    requires marked; // this and the next hold files for the console, no code
    requires uplot;

    exports dev.prairie.serve.engine;
    exports dev.prairie.serve.resident;
    exports dev.prairie.serve.api;
    exports dev.prairie.serve.access;
    exports dev.prairie.serve.http;
}
