package dev.prairie.app;

import dev.prairie.app.peer.LlamaPeer;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.EngineConfig;
import dev.prairie.serve.http.Server;
import dev.prairie.serve.http.ServerConfig;
import dev.prairie.tensor.device.Device;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "serving",
        description =
                "Times a server: many clients at once, over HTTP, each reading its stream; medians of rounds in turn.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  prairie bench serving model.gguf --streams 8",
            "  prairie bench serving --shape llama-1b --type Q4_0 --peers"
        })
final class BenchServingCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private BenchSubject subject = new BenchSubject("Q4_0");

    @Option(names = "--streams", paramLabel = "N", description = "Clients at once. Default: 16.")
    private int streams = 16;

    @Option(names = "--prompt", paramLabel = "N", description = "Tokens of each prompt. Default: 64.")
    private int prompt = 64;

    @Option(names = "--generate", paramLabel = "N", description = "Tokens of each answer. Default: 64.")
    private int generate = 64;

    @Option(names = "--rounds", paramLabel = "N", description = "How often, after one to warm up. Default: 3.")
    private int rounds = 3;

    @Option(
            names = "--peers",
            description =
                    "Beside llama.cpp on the same GGUF file, in turn: the loop over the slots of its server, without"
                            + " HTTP. Linux on x86-64; fetches it on first use.")
    private boolean peers;

    @Option(names = "--json", description = "One line of JSON instead.")
    private boolean json;

    @Mixin
    private CacheOptions cache = new CacheOptions();

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    @Override
    public Integer call() throws IOException, InterruptedException {
        for (var count : Map.of("--streams", streams, "--prompt", prompt, "--generate", generate, "--rounds", rounds)
                .entrySet())
            if (count.getValue() < 1)
                throw new UserException(count.getKey() + " is " + count.getValue() + "; give at least 1");
        Path temporary = subject.random() ? Files.createTempFile("prairie-", ".gguf") : null;
        try {
            if (temporary != null)
                try (Device device = devices.open()) {
                    subject.write(temporary, device.kernels());
                }
            measure(temporary != null ? temporary : subject.path());
        } finally {
            if (temporary != null) Files.deleteIfExists(temporary);
        }
        return 0;
    }

    private void measure(Path file) throws IOException, InterruptedException {
        try (LoadedModel loaded = LoadedModel.open(file, null, devices, cache)) {
            int context = loaded.model().contextLength();
            if (prompt + generate > context)
                throw new UserException("--prompt " + prompt + " and --generate " + generate + " exceed the context of "
                        + context + "; give fewer");
            // What is measured is the batch: every stream has its place, and no prompt is found computed.
            var config = EngineConfig.DEFAULT.withSequences(streams).withPrefixCache(false);
            var ours = new ServingProbe.Round[rounds];
            double[] theirs = new double[rounds];
            String name = "";
            try (var engine = new Engine(loaded.model(), config);
                    var server = new Server(ServerConfig.local(0), engine).start();
                    var probe = new ServingProbe(
                            server, loaded.model().id(), loaded.model().vocabularySize(), engine::stats);
                    var peer =
                            peers ? LlamaPeer.start(Paths.ROOT, loaded.device().threads()) : null) {
                if (peer != null) {
                    peer.open(file, streams * (prompt + generate), false, streams);
                    name = peer.name();
                }
                for (int i = -1; i < rounds; i++) {
                    var round = probe.round(streams, prompt, generate);
                    double seconds = peer == null ? 0 : peer.streams(prompt, generate);
                    if (i < 0) continue;
                    ours[i] = round;
                    theirs[i] = (double) streams * generate / seconds;
                }
            }
            report(loaded, Summary.of(ours), name, Medians.of(theirs));
        }
    }

    /** Medians of rounds. */
    private record Summary(
            double tokensPerSecond, double firstTokenMillis, double stepMillis, double schedulingMillis) {
        static Summary of(ServingProbe.Round[] rounds) {
            int n = rounds.length;
            double[] speed = new double[n], first = new double[n], step = new double[n], scheduling = new double[n];
            for (int i = 0; i < n; i++) {
                ServingProbe.Round r = rounds[i];
                speed[i] = r.tokens() / r.seconds();
                first[i] = r.firstTokenMillis();
                step[i] = r.engine().modelMillis() / r.engine().steps();
                scheduling[i] = r.engine().schedulingMillis() / r.engine().steps();
            }
            return new Summary(Medians.of(speed), Medians.of(first), Medians.of(step), Medians.of(scheduling));
        }
    }

    private void report(LoadedModel loaded, Summary ours, String peer, double theirs) {
        PrintWriter out = spec.commandLine().getOut();
        String name = subject.random() ? subject.name() + ", " + subject.type() : subject.name();
        if (json) {
            var line = JsonMapper.shared().createObjectNode();
            line.put("model", name);
            line.put("streams", streams);
            line.put("threads", loaded.device().threads());
            line.put("tokensPerSecond", tenths(ours.tokensPerSecond));
            line.put("firstTokenMillis", tenths(ours.firstTokenMillis));
            line.put("stepMillis", Math.round(ours.stepMillis * 100) / 100.0);
            line.put("schedulingMillisPerStep", Math.round(ours.schedulingMillis * 1e4) / 1e4);
            if (peers) {
                line.put("peer", peer);
                line.put("peerTokensPerSecond", tenths(theirs));
                line.put("ratio", Math.round(ours.tokensPerSecond / theirs * 1e3) / 1e3);
            }
            out.println(line);
        } else {
            out.printf(
                    Locale.ROOT,
                    "%s, %s: %d streams of %d + %d tokens: %,.1f tokens/s in all, first token after %,.0f ms; a step takes"
                            + " %.2f ms and %.3f ms of scheduling%n",
                    name,
                    loaded.device().description(),
                    streams,
                    prompt,
                    generate,
                    ours.tokensPerSecond,
                    ours.firstTokenMillis,
                    ours.stepMillis,
                    ours.schedulingMillis);
            if (peers)
                out.printf(
                        Locale.ROOT,
                        "%s: %,.1f tokens/s, ours is %.2f times that%n",
                        peer,
                        theirs,
                        ours.tokensPerSecond / theirs);
        }
        out.flush();
    }

    private static double tenths(double value) {
        return Math.round(value * 10) / 10.0;
    }
}
