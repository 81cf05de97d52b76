package dev.prairie.app;

import dev.prairie.app.hub.ModelName;
import dev.prairie.app.hub.ModelStore;
import dev.prairie.app.hub.Pull;
import dev.prairie.app.hub.StoredModel;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

@Command(
        name = "models",
        description = "Lists, shows and removes the models that were pulled.",
        mixinStandardHelpOptions = true,
        subcommands = {ModelsCommand.ListModels.class, ModelsCommand.Show.class, ModelsCommand.Remove.class},
        footer = {"", "Without a command: list. Models are kept in ~/.prairie/models, or in models below PRAIRIE_HOME."
        })
final class ModelsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--json", description = "A line of JSON for each model.")
    private boolean json;

    @Override
    public Integer call() {
        return list(spec.commandLine().getOut(), json);
    }

    private static int list(PrintWriter out, boolean json) {
        ModelStore store = store();
        List<StoredModel> models = store.list();
        for (StoredModel model : models) {
            if (json) out.println(json(store, model));
            else
                out.printf(
                        "%-48s %9s  %d files%n",
                        model.model(), Pull.shown(model.bytes()), model.files().size());
        }
        if (models.isEmpty() && !json) out.println("no models here; get one with prairie pull OWNER/NAME");
        out.flush();
        return 0;
    }

    private static ModelStore store() {
        return ModelStore.of(System.getenv());
    }

    /** {@code {"model","path","source","revision","bytes","files":[{"path","size","sha256"}]}}. */
    static ObjectNode json(ModelStore store, StoredModel model) {
        ObjectNode line = JsonMapper.shared().createObjectNode();
        line.put("model", model.model());
        line.put("path", store.folder(ModelName.of(model.model())).toString());
        line.put("source", model.source());
        line.put("revision", model.revision());
        line.put("bytes", model.bytes());
        var files = line.putArray("files");
        model.files()
                .forEach(f -> files.addObject()
                        .put("path", f.path())
                        .put("size", f.size())
                        .put("sha256", f.sha256()));
        return line;
    }

    @Command(name = "list", description = "Lists them.", mixinStandardHelpOptions = true)
    static final class ListModels implements Callable<Integer> {
        @Spec
        private CommandSpec spec = CommandSpec.create();

        @Option(names = "--json", description = "A line of JSON for each model.")
        private boolean json;

        @Override
        public Integer call() {
            return list(spec.commandLine().getOut(), json);
        }
    }

    @Command(
            name = "show",
            description = "Shows one: where it came from, and its files.",
            mixinStandardHelpOptions = true)
    static final class Show implements Callable<Integer> {
        @Spec
        private CommandSpec spec = CommandSpec.create();

        @Parameters(index = "0", paramLabel = "OWNER/NAME", description = "A model that was pulled.")
        private String name = "";

        @Option(names = "--json", description = "One line of JSON.")
        private boolean json;

        @Override
        public Integer call() {
            ModelStore store = store();
            ModelName model = ModelName.of(name);
            StoredModel stored = store.require(model);
            PrintWriter out = spec.commandLine().getOut();
            if (json) out.println(json(store, stored));
            else {
                out.printf("model     %s%n", stored.model());
                out.printf("folder    %s%n", Paths.shown(store.folder(model)));
                out.printf("from      %s, revision %s%n", stored.source(), stored.revision());
                out.printf("size      %s%n", Pull.shown(stored.bytes()));
                for (StoredModel.File file : stored.files())
                    out.printf("  %-44s %9s  sha256 %s%n", file.path(), Pull.shown(file.size()), file.sha256());
            }
            out.flush();
            return 0;
        }
    }

    @Command(
            name = "remove",
            description = "Removes one, or what a pull that ended early has left.",
            mixinStandardHelpOptions = true)
    static final class Remove implements Callable<Integer> {
        @Spec
        private CommandSpec spec = CommandSpec.create();

        @Parameters(index = "0", paramLabel = "OWNER/NAME", description = "A model that was pulled.")
        private String name = "";

        @Option(names = "--json", description = "One line of JSON.")
        private boolean json;

        @Override
        public Integer call() {
            ModelName model = ModelName.of(name);
            store().remove(model);
            PrintWriter out = spec.commandLine().getOut();
            if (json) out.println(JsonMapper.shared().createObjectNode().put("removed", model.whole()));
            else out.println("removed " + model.whole());
            out.flush();
            return 0;
        }
    }
}
