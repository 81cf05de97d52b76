package dev.prairie.app;

import dev.prairie.serve.api.Access;
import dev.prairie.serve.http.Server;
import dev.prairie.serve.http.ServerConfig;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "serve",
        description = "Serves models: OpenAI-compatible endpoints, and a console for the browser.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  prairie serve --model runs/quickstart --port 8080",
            "  prairie serve --model chat=Qwen/Qwen3-0.6B --model BAAI/bge-small-en-v1.5"
        })
final class ServeCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions models = new ModelOptions();

    @Option(names = "--host", paramLabel = "HOST", description = "Address to listen at. Default: 127.0.0.1.")
    private String host = "127.0.0.1";

    @Option(names = "--port", paramLabel = "PORT", description = "0 takes any free one. Default: 8080.")
    private int port = 8080;

    @Option(names = "--runs", paramLabel = "DIR", description = "Runs that the console shows. Default: runs.")
    private Path runs = Paths.RUNS;

    @Override
    public Integer call() throws InterruptedException {
        try (OpenModels open = models.open()) {
            serve(open, ServerConfig.local(port).withHost(host).withRuns(runs));
        }
        return 0;
    }

    /** Serves until Ctrl-C. */
    @SuppressWarnings("try") // the interrupt works by being there
    static void serve(OpenModels open, ServerConfig config) throws InterruptedException {
        var stop = new CountDownLatch(1);
        try (var interrupt = new Interrupt(stop::countDown);
                var server = new Server(config, open.models(), Access.ALL)) {
            server.start();
            var terminal = new Terminal();
            String url = server.url();
            terminal.note("serving " + open.names() + " at " + url + " (Ctrl-C ends)");
            terminal.note("try: curl " + url + open.firstPath() + " -H 'Content-Type: application/json' -d '"
                    + open.firstBody() + "'");
            stop.await();
        }
    }
}
