package dev.prairie.app;

import dev.prairie.serve.access.Gate;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.http.Server;
import dev.prairie.serve.http.ServerConfig;
import dev.prairie.serve.resident.Models;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "serve",
        description = "Serves a model: OpenAI-compatible endpoints, and a console for the browser.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  prairie serve --model runs/quickstart --port 8080",
            "  prairie keys create alice && prairie serve --model runs/quickstart --host 0.0.0.0",
            "",
            "Ctrl-C and SIGTERM drain: nothing new is taken (503), what is being answered may finish."
        })
final class ServeCommand implements Callable<Integer> {
    @Option(
            names = "--model",
            required = true,
            paramLabel = "PATH",
            description = "A run's folder, a model's folder, a model file, or OWNER/NAME.")
    private Path model = Path.of("");

    @Option(names = "--tokenizer", paramLabel = "FILE", description = "Where it does not lie beside the model.")
    @Nullable
    private Path tokenizer;

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
    private CacheOptions cache = new CacheOptions();

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    @Mixin
    private AccessOptions access = new AccessOptions();

    @Override
    public Integer call() throws InterruptedException {
        access.log();
        try (Gate gate = access.gate(host);
                LoadedModel loaded = LoadedModel.open(model, tokenizer, devices, cache)) {
            new Terminal().note(cache.estimate(loaded.model().transformer().config()));
            ServerConfig config =
                    ServerConfig.local(port).withHost(host).withRuns(runs).withHostNames(access.hostNames());
            serve(loaded, config, gate, access.drain());
        }
        return 0;
    }

    /** Serves until Ctrl-C or SIGTERM, and then ends what it has begun; a second signal ends at once. */
    static void serve(LoadedModel loaded, ServerConfig config, Gate gate, Duration drain) throws InterruptedException {
        try (var stop = new StopSignals();
                var engine = new Engine(loaded.model());
                var server = new Server(config, Models.of(engine, loaded.chat()), gate)) {
            server.start();
            var terminal = new Terminal();
            String url = server.url();
            terminal.note("serving " + loaded.model().id() + " at " + url + " (Ctrl-C ends)");
            terminal.note("try: curl " + url + "v1/completions -H 'Content-Type: application/json'"
                    + (gate.isOpen() ? "" : " -H 'Authorization: Bearer KEY'") + " -d '{\"model\": \""
                    + loaded.model().id() + "\", \"prompt\": \"public class \", \"max_tokens\": 64}'");
            stop.await();
            terminal.note("draining: what is being answered may take " + drain.toSeconds()
                    + " s more (a second signal ends at once)");
            server.drain(drain);
        }
    }
}
