package dev.prairie.app;

import dev.prairie.app.peer.LlamaPeer;
import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.Kernels;
import dev.prairie.tensor.device.ProfiledKernels;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "inference",
        description = "Times a model: a prompt read at once, and tokens written one by one; medians of rounds in turn.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  prairie bench inference model.gguf",
            "  prairie bench inference --shape llama-1b --type Q4_0 --peers"
        })
final class BenchInferenceCommand implements Callable<Integer> {
    private static final long SEED = 1;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private BenchSubject subject = new BenchSubject("Q8_0");

    @Option(names = "--prompt", paramLabel = "N", description = "Tokens of the prompt. Default: 512.")
    private int prompt = 512;

    @Option(names = "--generate", paramLabel = "N", description = "Tokens written. Default: 64.")
    private int generate = 64;

    @Option(names = "--rounds", paramLabel = "N", description = "How often, after one to warm up. Default: 5.")
    private int rounds = 5;

    @Option(names = "--cache", paramLabel = "T", description = "Keys and values as F32, F16 or Q8_0. Default: F16.")
    private CacheType cache = CacheType.F16;

    @Option(
            names = "--write",
            paramLabel = "FILE",
            description = "Where the model of --shape is written as GGUF, to be read from there. Default: memory.")
    @Nullable
    private Path write;

    @Option(
            names = "--peers",
            description = "Beside llama.cpp on the same GGUF file, in turn. Linux on x86-64; fetches it on first use.")
    private boolean peers;

    @Option(names = "--profile", description = "Where the last round went, operator by operator.")
    private boolean profile;

    @Option(names = "--json", description = "One line of JSON instead.")
    private boolean json;

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    @Override
    public Integer call() throws IOException {
        for (var count : Map.of("--prompt", prompt, "--generate", generate, "--rounds", rounds)
                .entrySet())
            if (count.getValue() < 1)
                throw new UserException(count.getKey() + " is " + count.getValue() + "; give at least 1");
        Path temporary = subject.random() && peers && write == null ? Files.createTempFile("prairie-", ".gguf") : null;
        try (Device device = devices.open();
                Arena arena = Arena.ofShared()) {
            Path file = !subject.random() ? subject.path() : write != null ? write : temporary;
            if (subject.random() && file != null) subject.write(file, device.kernels());
            Checkpoint made = file == null ? subject.make(device.kernels(), arena) : null;
            long began = System.nanoTime();
            Checkpoint checkpoint = file == null ? Objects.requireNonNull(made) : Checkpoint.load(file, arena);
            Kernels kernels = profile && device.kernels() instanceof GradKernels all
                    ? new ProfiledKernels(all)
                    : device.kernels();
            Transformer model = checkpoint.transformer(kernels, arena);
            double open = (System.nanoTime() - began) / 1e6;
            String name = subject.name();
            measure(new Subject(name, types(checkpoint), model, kernels, device, open), peers ? file : null);
        } finally {
            if (temporary != null) Files.deleteIfExists(temporary);
        }
        return 0;
    }

    /** What most bytes of the weights are. */
    private static String types(Checkpoint checkpoint) {
        return checkpoint.parameters().values().stream()
                .collect(Collectors.groupingBy(
                        t -> t.type().name(),
                        Collectors.summingLong(t -> t.segment().byteSize())))
                .entrySet()
                .stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
    }

    private record Subject(
            String name, String type, Transformer model, Kernels kernels, Device device, double openMillis) {}

    private void measure(Subject s, @Nullable Path file) {
        int context = s.model.config().context();
        if (prompt > context || generate + 1 > context)
            throw new UserException("--prompt " + prompt + " and --generate " + generate + " exceed the context of "
                    + context + "; give fewer");
        double first = 0;
        double[] prefills = new double[rounds], decodes = new double[rounds];
        double[] theirPrefills = new double[rounds], theirDecodes = new double[rounds];
        try (var probe = new InferenceProbe(s.model, s.kernels, cache.type(), prompt, generate, SEED);
                var peer = file == null ? null : LlamaPeer.start(Paths.ROOT, s.device.threads())) {
            if (peer != null) peer.open(Objects.requireNonNull(file), Math.max(prompt, generate), false);
            for (int i = -1; i < rounds; i++) {
                if (s.kernels instanceof ProfiledKernels p) p.reset();
                double prefill = probe.prefill();
                if (i == rounds - 1) profile("prompt", s.kernels, prefill);
                double theirPrefill = peer == null ? 0 : peer.prefill(prompt);
                double decode = probe.decode();
                double theirDecode = peer == null ? 0 : peer.decode(generate);
                if (i == rounds - 1) profile("tokens", s.kernels, decode);
                if (i < 0) first = prefill;
                else {
                    prefills[i] = prefill;
                    decodes[i] = decode;
                    theirPrefills[i] = theirPrefill;
                    theirDecodes[i] = theirDecode;
                }
            }
            Speed ours = new Speed(prompt / Medians.of(prefills), generate / Medians.of(decodes));
            report(s, ours, 1e3 * first);
            if (peer != null)
                report(
                        peer.name(),
                        ours,
                        new Speed(prompt / Medians.of(theirPrefills), generate / Medians.of(theirDecodes)));
        }
    }

    private void profile(String what, Kernels kernels, double seconds) {
        if (!(kernels instanceof ProfiledKernels p)) return;
        PrintWriter out = spec.commandLine().getOut();
        out.println(what + ":");
        StepProfile.of(p.lines(), seconds, 1).table(out);
        p.reset();
    }

    /** Tokens a second. */
    private record Speed(double prefill, double decode) {}

    private void report(String peer, Speed ours, Speed theirs) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            var line = JsonMapper.shared().createObjectNode();
            line.put("peer", peer);
            line.put("prefillTokensPerSecond", Math.round(theirs.prefill * 10) / 10.0);
            line.put("decodeTokensPerSecond", Math.round(theirs.decode * 100) / 100.0);
            line.put("prefillRatio", Math.round(ours.prefill / theirs.prefill * 1e3) / 1e3);
            line.put("decodeRatio", Math.round(ours.decode / theirs.decode * 1e3) / 1e3);
            out.println(line);
        } else
            out.printf(
                    Locale.ROOT,
                    "%s: prompt: %,.1f tokens/s, ours is %.2f times that; one by one: %,.2f, ours is %.2f times that%n",
                    peer,
                    theirs.prefill,
                    ours.prefill / theirs.prefill,
                    theirs.decode,
                    ours.decode / theirs.decode);
        out.flush();
    }

    private void report(Subject s, Speed ours, double first) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            var line = JsonMapper.shared().createObjectNode();
            line.put("model", s.name);
            line.put("type", s.type);
            line.put("threads", s.device.threads());
            line.put("prefillTokensPerSecond", Math.round(ours.prefill * 10) / 10.0);
            line.put("decodeTokensPerSecond", Math.round(ours.decode * 100) / 100.0);
            line.put("firstTokenMillis", Math.round(first));
            line.put("openMillis", Math.round(s.openMillis));
            line.put("peakBytes", PeakMemory.bytes());
            out.println(line);
        } else
            out.printf(
                    Locale.ROOT,
                    "%s, %s, %s: prompt of %d: %,.1f tokens/s; one by one: %,.2f tokens/s; opened in %,.0f ms, first"
                            + " prompt in %,.0f ms, %,d MB at most%n",
                    s.name,
                    s.type,
                    s.device.description(),
                    prompt,
                    ours.prefill,
                    ours.decode,
                    s.openMillis,
                    first,
                    PeakMemory.bytes() >> 20);
        out.flush();
    }
}
