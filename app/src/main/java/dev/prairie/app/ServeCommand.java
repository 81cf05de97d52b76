package dev.prairie.app;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.http.Server;
import dev.prairie.serve.http.ServerConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "serve",
        description = "Serves a model: OpenAI-compatible endpoints, and a console for the browser.",
        mixinStandardHelpOptions = true,
        footer = {"", "Example:", "  prairie serve --model runs/quickstart --port 8080"})
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
            names = "--adapter",
            paramLabel = "NAME=PATH",
            description = "A LoRA adapter that requests may ask for by this name: a PEFT folder or a GGUF file. May be"
                    + " given several times.")
    private List<String> adapters = new ArrayList<>();

    @Option(names = "--host", paramLabel = "HOST", description = "Address to listen at. Default: 127.0.0.1.")
    private String host = "127.0.0.1";

    @Option(names = "--port", paramLabel = "PORT", description = "0 takes any free one. Default: 8080.")
    private int port = 8080;

    @Option(names = "--runs", paramLabel = "DIR", description = "Runs that the console shows. Default: runs.")
    private Path runs = Paths.RUNS;

    @Mixin
    private CacheOptions cache = new CacheOptions();

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    @Override
    public Integer call() throws InterruptedException {
        try (LoadedModel loaded = LoadedModel.open(model, tokenizer, named(adapters), devices, cache)) {
            new Terminal().note(cache.estimate(loaded.model().transformer().config()));
            serve(loaded, ServerConfig.local(port).withHost(host).withRuns(runs));
        }
        return 0;
    }

    private static Map<String, Path> named(List<String> options) {
        var adapters = new LinkedHashMap<String, Path>();
        for (String option : options) {
            int at = option.indexOf('=');
            if (at < 1 || at == option.length() - 1)
                throw new UserException(
                        "--adapter is " + option + "; give a name and a file, such as law=adapters/law");
            if (adapters.put(option.substring(0, at), Path.of(option.substring(at + 1))) != null)
                throw new UserException(
                        "--adapter names two " + option.substring(0, at) + "; give each a name of its own");
        }
        return adapters;
    }

    /** Serves until Ctrl-C. */
    @SuppressWarnings("try") // the interrupt works by being there
    static void serve(LoadedModel loaded, ServerConfig config) throws InterruptedException {
        var stop = new CountDownLatch(1);
        try (var interrupt = new Interrupt(stop::countDown);
                var engine = new Engine(loaded.model());
                var server = new Server(config, engine, loaded.chat())) {
            server.start();
            var terminal = new Terminal();
            String url = server.url();
            terminal.note("serving " + loaded.model().id() + " at " + url + " (Ctrl-C ends)");
            terminal.note(
                    "try: curl " + url + "v1/completions -H 'Content-Type: application/json' -d '" + "{\"model\": \""
                            + loaded.model().id() + "\", \"prompt\": \"public class \", \"max_tokens\": 64}'");
            stop.await();
        }
    }
}
