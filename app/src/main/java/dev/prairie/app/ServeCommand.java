package dev.prairie.app;

import dev.prairie.serve.access.Gate;
import dev.prairie.serve.http.Server;
import dev.prairie.serve.http.ServerConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "serve",
        description = "Serves models: OpenAI's, Anthropic's and Ollama's endpoints, and a console for the browser.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  prairie serve --model runs/quickstart --port 8080",
            "  prairie serve --model chat=Qwen/Qwen3-0.6B --model BAAI/bge-small-en-v1.5",
            "  prairie serve --model base.gguf --adapter law=adapters/law --adapter tax=adapters/tax.gguf",
            "  prairie keys create alice && prairie serve --model runs/quickstart --host 0.0.0.0",
            "",
            "Ctrl-C and SIGTERM drain: nothing new is taken (503), what is being answered may finish."
        })
final class ServeCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions models = new ModelOptions();

    @Mixin
    private EngineOptions engine = new EngineOptions();

    @Option(
            names = "--host",
            paramLabel = "HOST",
            description = "Address to listen at; other machines need a key. Default: 127.0.0.1.")
    private String host = "127.0.0.1";

    @Option(names = "--port", paramLabel = "PORT", description = "0 takes any free one. Default: 8080.")
    private int port = 8080;

    @Option(names = "--runs", paramLabel = "DIR", description = "Runs that the console shows. Default: runs.")
    private Path runs = Paths.RUNS;

    @Mixin
    private AccessOptions access = new AccessOptions();

    @Override
    public Integer call() throws InterruptedException {
        access.log();
        try (Gate gate = access.gate(host);
                OpenModels open = models.open(engine)) {
            ServerConfig config =
                    ServerConfig.local(port).withHost(host).withRuns(runs).withHostNames(access.hostNames());
            serve(open, config, gate, access.drain());
        }
        return 0;
    }

    /** Serves until Ctrl-C or SIGTERM, and then ends what it has begun; a second signal ends at once. */
    static void serve(OpenModels open, ServerConfig config, Gate gate, Duration drain) throws InterruptedException {
        try (var stop = new StopSignals();
                var server = new Server(config, open.models(), gate)) {
            server.start();
            var terminal = new Terminal();
            String url = server.url();
            terminal.note("serving " + open.names() + " at " + url + " (Ctrl-C ends)");
            terminal.note("try: curl " + url + open.firstPath() + " -H 'Content-Type: application/json'"
                    + (gate.isOpen() ? "" : " -H 'Authorization: Bearer KEY'") + " -d '" + open.firstBody() + "'");
            stop.await();
            terminal.note("draining: what is being answered may take " + drain.toSeconds()
                    + " s more (a second signal ends at once)");
            server.drain(drain);
        }
    }
}
