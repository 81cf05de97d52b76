package dev.prairie.app;

import dev.prairie.app.peer.ChainText;
import dev.prairie.app.peer.Curves;
import dev.prairie.app.peer.OwnRun;
import dev.prairie.app.peer.Run;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.device.Peak;
import dev.prairie.tensor.device.ProfiledKernels;
import dev.prairie.train.loop.MemoryEstimate;
import dev.prairie.train.loop.SpeedProbe;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** One thread against all threads on a whole training step, interleaved, so that both see the same machine. */
@Command(
        name = "training",
        description =
                "Times whole training steps of a model in GPT-2 form on 4 x 256 tokens, on one thread and on all, in"
                        + " turn; medians.",
        mixinStandardHelpOptions = true)
final class BenchTrainingCommand implements Callable<Integer> {
    private static final int WARM_UP = 2;
    private static final String PLAIN = "cpu:vector";
    private static final long SEED = 1;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--steps", paramLabel = "N", description = "Steps of each, after two to warm up. Default: 9.")
    private int steps = 9;

    @Option(
            names = "--model",
            paramLabel = "NAME",
            description = "12m (6 layers, 384 wide, vocabulary 4096) or 124m (GPT-2 small). Default: 12m.")
    private String model = "12m";

    @Option(
            names = "--precision",
            paramLabel = "NAME",
            description = "f32 or bf16, as in a recipe. Default: f32; with --peers, all that the device offers.")
    @Nullable
    private String precision;

    @Option(names = "--profile", description = "Where a step goes, operator by operator, on all threads.")
    private boolean profile;

    @Option(
            names = "--peers",
            description = "Against libtorch, in turn, with the same weights and tokens, instead of against one thread."
                    + " Fetches 300 MB on first use.")
    private boolean peers;

    @Option(names = "--curves", paramLabel = "FILE", description = "With --peers: both losses of each step, as JSON.")
    @Nullable
    private Path curves;

    @Option(
            names = "--ab",
            description = "The device, in --precision and in F32, against the plain Vector API in F32, in turn.")
    private boolean ab;

    @Option(names = "--json", description = "Lines of JSON instead.")
    private boolean json;

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    @Override
    public Integer call() {
        if (steps < 1) throw new UserException("--steps is " + steps + "; give at least 1");
        if (curves != null && !peers) throw new UserException("--curves needs a peer; add --peers");
        BenchModel chosen = BenchModel.named(model);
        if (peers) {
            var bench = new PeerBench(spec.commandLine().getOut(), chosen, WARM_UP, steps, json, curves);
            bench.run(devices, precision == null ? null : type());
            return 0;
        }
        DType type = type();
        Set<DType> precisions = EnumSet.of(DType.F32, type);
        int models = profile ? 1 : ab ? 1 + precisions.size() : 2;
        MemoryEstimate.of(chosen.config(), BenchModel.ROWS * BenchModel.LENGTH, false)
                .require(MemoryEstimate.free() / models);
        if (profile) profile(chosen, type);
        else if (ab) tiers(chosen, precisions);
        else compare(chosen, type);
        return 0;
    }

    private DType type() {
        return switch (precision == null ? "f32" : precision.toLowerCase(Locale.ROOT)) {
            case "f32" -> DType.F32;
            case "bf16" -> DType.BF16;
            default -> throw new UserException("--precision is " + precision + "; give f32 or bf16");
        };
    }

    private void compare(BenchModel chosen, DType type) {
        try (Device one = devices.open(1);
                Device all = devices.open();
                var single = chosen.probe(one.gradKernels(type));
                var many = chosen.probe(all.gradKernels(type))) {
            double[] ofOne = new double[steps];
            double[] ofAll = new double[steps];
            for (int i = -WARM_UP; i < steps; i++) {
                double a = single.step();
                double b = many.step();
                if (i < 0) continue; // the compiler is at work
                ofOne[i] = a;
                ofAll[i] = b;
            }
            double slow = Medians.of(ofOne);
            double fast = Medians.of(ofAll);
            report(chosen, type, one, single, slow, 1);
            report(chosen, type, all, many, fast, slow / fast);
        }
    }

    /** The chosen device in each precision against the plain Vector API, one step each in turn. */
    private void tiers(BenchModel chosen, Set<DType> precisions) {
        try (Device device = devices.open();
                Device plain =
                        Devices.probe().choose(Optional.of(PLAIN)).provider().open(device.threads());
                Arena arena = Arena.ofShared()) {
            if (device.name().equals(PLAIN))
                throw new UserException("--ab compares with " + PLAIN + ", which is the device; choose another");
            List<Run> runs = new ArrayList<>();
            try {
                runs.add(new OwnRun(Transformer.initialise(chosen.config(), arena, SEED), plain, DType.F32));
                for (DType p : precisions)
                    runs.add(new OwnRun(Transformer.initialise(chosen.config(), arena, SEED), device, p));
                var text = new ChainText(chosen.config().vocabulary(), BenchModel.ROWS, BenchModel.LENGTH, SEED);
                var result = Curves.of(runs, text, PeerBench.RATE, WARM_UP, steps);
                int ours = 1;
                for (DType p : precisions)
                    SideBySide.of(chosen, p, result, ours++, 0, 0)
                            .print(spec.commandLine().getOut(), json);
            } finally {
                runs.forEach(Run::close);
            }
        }
    }

    private static String name(DType precision) {
        return precision.name().toLowerCase(Locale.ROOT);
    }

    private void report(
            BenchModel chosen, DType type, Device device, SpeedProbe probe, double seconds, double speedup) {
        PrintWriter out = spec.commandLine().getOut();
        double rate = probe.tokens() / seconds;
        double mfu = probe.utilisation(seconds, device.measure(Peak.of(type)));
        if (json) {
            var line = JsonMapper.shared().createObjectNode();
            line.put("model", chosen.title());
            line.put("precision", name(type));
            line.put("device", device.name());
            line.put("threads", device.threads());
            line.put("tokensPerSecond", Math.round(rate * 10) / 10.0);
            line.put("mfu", Math.round(mfu * 1e4) / 1e4);
            line.put("speedup", Math.round(speedup * 1e3) / 1e3);
            out.println(line);
        } else {
            out.printf(
                    Locale.ROOT,
                    "%s, %s, %s: %,.0f tokens/s, MFU %.0f %%, %.2f times one thread%n",
                    chosen.title(),
                    type,
                    device.description(),
                    rate,
                    100 * mfu,
                    speedup);
        }
        out.flush();
    }

    private void profile(BenchModel chosen, DType type) {
        try (Device device = devices.open()) {
            var kernels = new ProfiledKernels(device.gradKernels(type));
            try (var probe = chosen.probe(kernels)) {
                for (int i = 0; i < WARM_UP; i++) probe.step();
                kernels.reset();
                double seconds = 0;
                for (int i = 0; i < steps; i++) seconds += probe.step();
                var shares = StepProfile.of(kernels.lines(), seconds, steps);
                PrintWriter out = spec.commandLine().getOut();
                if (json) shares.lines(out);
                else {
                    out.printf("%s, %s, %s%n", chosen.title(), type, device.description());
                    shares.table(out);
                }
                out.flush();
            }
        }
    }
}
