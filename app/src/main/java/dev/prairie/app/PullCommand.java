package dev.prairie.app;

import dev.prairie.app.hub.HubAddress;
import dev.prairie.app.hub.ModelName;
import dev.prairie.app.hub.ModelStore;
import dev.prairie.app.hub.Pull;
import dev.prairie.app.hub.StoredModel;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "pull",
        description = "Gets a model from a hub: what is needed to run it, checked, or what :FILE names.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Ended early, it goes on where it stopped when called again. Models are kept in ~/.prairie/models, or in",
            "models below PRAIRIE_HOME. PRAIRIE_HUB is the hub where --hub is not given. PRAIRIE_HUB_TOKEN, else HF_TOKEN",
            "(not for ModelScope), is sent to the hub, and to nobody that it redirects to.",
            "",
            "Examples:",
            "  prairie pull Qwen/Qwen3-0.6B",
            "  prairie pull Qwen/Qwen3-0.6B-GGUF:Q8_0             the GGUF of that type, all its parts",
            "  prairie pull Qwen/Qwen3-0.6B --hub modelscope",
            "  prairie pull team/model --hub https://models.example.org"
        })
final class PullCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            index = "0",
            paramLabel = "OWNER/NAME[:FILE]",
            description = "A model; a file of it, or the type of a GGUF, as in :Q4_K_M.")
    private String model = "";

    @Option(
            names = "--hub",
            paramLabel = "HUB",
            description = "hf, modelscope, or an address of a hub of either form. Default: PRAIRIE_HUB, else hf.")
    @Nullable
    private String hub;

    @Option(
            names = "--revision",
            paramLabel = "R",
            description = "Branch, tag or commit. Default: the hub's usual one.")
    @Nullable
    private String revision;

    @Option(
            names = "--token",
            paramLabel = "T",
            description = "Who asks. Others on this machine can see it here; better set PRAIRIE_HUB_TOKEN.")
    @Nullable
    private String token;

    @Option(names = "--json", description = "One line of JSON at the end.")
    private boolean json;

    @Override
    public Integer call() {
        ModelName name = ModelName.of(model);
        ModelStore store = ModelStore.of(System.getenv());
        var terminal = new Terminal();
        var pull =
                new Pull(store, HubAddress.of(Optional.ofNullable(hub), Optional.ofNullable(token), System.getenv()));
        StoredModel stored;
        try {
            stored = pull.run(name, Optional.ofNullable(revision), terminal::arrived);
        } finally {
            terminal.end();
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) out.println(ModelsCommand.json(store, stored));
        else
            out.printf(
                    "%s: %d files, %s in %s; try prairie run %s%n",
                    name.whole(),
                    stored.files().size(),
                    Pull.shown(stored.bytes()),
                    Paths.shown(store.folder(name)),
                    name);
        out.flush();
        return 0;
    }
}
