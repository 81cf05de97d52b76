package dev.prairie.app;

import dev.prairie.tensor.conformance.Conformance;
import dev.prairie.tensor.conformance.SpeedCase;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.device.Peak;
import dev.prairie.train.loop.MemoryEstimate;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Runs the timed rows of the conformance table on a device, and in turn measures what the machine can do at most. */
@Command(
        name = "operators",
        description = "Times every kernel at the sizes of real models, and tells its share of this machine's own peak:"
                + " multiply-adds in F32, BF16 and INT8, or reading memory. Kernels on less memory than caches"
                + " hold may pass the latter.",
        mixinStandardHelpOptions = true)
final class BenchOperatorsCommand implements Callable<Integer> {
    private static final double SECONDS = 0.3;
    private static final int GROUP = 8; // cases between two measurements of the peaks: machines are shared
    private static final long PEAK_BYTES = 512 << 20;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--json", description = "One line of JSON instead.")
    private boolean json;

    @Option(names = "--quick", hidden = true, description = "Small sizes and few repetitions, to try the command.")
    private boolean quick;

    @Option(
            names = "--peers",
            description =
                    "Only the products, beside libtorch's of the same shapes, in turn. Fetches 300 MB on first use.")
    private boolean peers;

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    /** One case and how it went: operations or bytes a second. */
    private record Timing(SpeedCase subject, double rate) {}

    @Override
    public Integer call() {
        Devices.Usable best = Devices.probe().choose(Optional.empty()); // knows the fastest instructions
        try (Device device = devices.open();
                Device meter = best.provider().open(device.threads())) {
            List<SpeedCase> cases = Conformance.speedCases(quick ? 16 : 1).stream()
                    .filter(c -> device.precisions().contains(c.precision()))
                    .toList();
            require(PEAK_BYTES
                    + cases.stream().mapToLong(SpeedCase::bytes).max().orElse(0));
            if (peers) {
                new PeerProducts(spec.commandLine().getOut(), json, quick ? 0.01 : SECONDS).run(device, cases);
                return 0;
            }
            var timings = new ArrayList<Timing>();
            var measured = new EnumMap<Peak, List<Double>>(Peak.class);
            for (SpeedCase c : cases) {
                if (timings.size() % GROUP == 0) measure(meter, measured);
                timings.add(
                        new Timing(c, c.work() / c.seconds(device.gradKernels(c.precision()), quick ? 0.01 : SECONDS)));
            }
            measure(meter, measured);
            var peaks = new EnumMap<Peak, Double>(Peak.class);
            measured.forEach((peak, values) -> peaks.put(peak, median(values)));
            PrintWriter out = spec.commandLine().getOut();
            if (json) out.println(tree(device, peaks, timings));
            else table(out, device, peaks, timings);
            out.flush();
        }
        return 0;
    }

    private static void require(long bytes) {
        long free = MemoryEstimate.free();
        if (bytes > free)
            throw new UserException("the largest case needs " + (bytes >> 20) + " MiB, " + (free >> 20)
                    + " MiB are free; end other programs");
    }

    private static void measure(Device meter, Map<Peak, List<Double>> measured) {
        for (Peak peak : Peak.values())
            measured.computeIfAbsent(peak, p -> new ArrayList<>()).add(meter.measure(peak));
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    private static String unit(Peak peak) {
        return switch (peak) {
            case F32, BF16 -> "GFLOP/s";
            case INT8 -> "GOP/s";
            case READ -> "GB/s";
        };
    }

    private static double share(Timing t, Map<Peak, Double> peaks) {
        return t.rate / peaks.getOrDefault(t.subject.peak(), 0.0); // infinite where the machine has no such peak
    }

    private static ObjectNode tree(Device device, Map<Peak, Double> peaks, List<Timing> timings) {
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("threads", device.threads());
        ObjectNode most = root.putObject("peaks");
        peaks.forEach((peak, rate) -> most.put(
                peak == Peak.READ ? "readGBs" : peak.name().toLowerCase(Locale.ROOT), rounded(rate / 1e9, 100)));
        var cases = root.putArray("cases");
        for (Timing t : timings) {
            ObjectNode node = cases.addObject();
            node.put("op", t.subject.op());
            node.put("type", t.subject.type().name().toLowerCase(Locale.ROOT));
            node.put("shape", t.subject.shape());
            node.put("rate", rounded(t.rate / 1e9, 100));
            node.put("unit", unit(t.subject.peak()));
            double share = share(t, peaks);
            if (Double.isFinite(share)) node.put("share", rounded(share, 1e4));
            else node.putNull("share");
        }
        return root;
    }

    private static double rounded(double value, double parts) {
        return Math.round(value * parts) / parts;
    }

    private static void table(PrintWriter out, Device device, Map<Peak, Double> peaks, List<Timing> timings) {
        out.printf("%s: %s%n", device.name(), device.description());
        peaks.forEach((peak, rate) -> out.printf(Locale.ROOT, "peak %-6s %9.1f %s%n", peak, rate / 1e9, unit(peak)));
        out.printf("%n%-21s %-5s %-16s %9s %-7s %6s%n", "operator", "type", "shape", "rate", "", "share");
        for (Timing t : timings) {
            SpeedCase c = t.subject;
            String share = Double.isFinite(share(t, peaks)) ? Math.round(100 * share(t, peaks)) + " %" : "";
            out.printf(
                    Locale.ROOT,
                    "%-21s %-5s %-16s %9.1f %-7s %6s%n",
                    c.op(),
                    c.type().name().toLowerCase(Locale.ROOT),
                    c.shape(),
                    t.rate / 1e9,
                    unit(c.peak()),
                    share);
        }
    }
}
