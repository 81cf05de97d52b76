package dev.prairie.app;

import dev.prairie.tensor.conformance.Conformance;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.train.loop.MemoryEstimate;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

@Command(
        name = "doctor",
        description = "Says what this machine has, which device is chosen and why, and whether it computes right.",
        mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--json", description = "One line of JSON instead.")
    private boolean json;

    @Option(names = "--device", paramLabel = "NAME", description = "Examine this device. Default: the best.")
    @Nullable
    private String name = System.getenv("PRAIRIE_DEVICE");

    @Override
    public Integer call() {
        Devices devices = Devices.probe();
        Devices.Usable chosen = devices.choose(Optional.ofNullable(name));
        List<Conformance.Result> results;
        String description;
        double peak;
        try (Device device = chosen.provider().open(Runtime.getRuntime().availableProcessors())) {
            results = device.kernels() instanceof GradKernels trains ? Conformance.run(trains) : List.of();
            description = device.description();
            peak = device.peakFlops();
        }
        List<Conformance.Result> failed =
                results.stream().filter(r -> !r.passed()).toList();
        PrintWriter out = spec.commandLine().getOut();
        if (json) out.println(tree(devices, chosen, results.size(), failed.size()));
        else tell(out, devices, chosen, description, peak, results.size(), failed);
        out.flush();
        return failed.isEmpty() ? 0 : 1;
    }

    private static ObjectNode tree(Devices devices, Devices.Usable chosen, int cases, int failed) {
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("version", Main.version());
        root.put("jdk", Runtime.version().toString());
        root.put("cpu", cpu());
        root.putObject("device").put("name", chosen.name()).put("score", chosen.score());
        var unusable = root.putArray("unusable");
        devices.unusable()
                .forEach(u -> unusable.addObject().put("name", u.name()).put("why", u.why()));
        root.putObject("conformance").put("cases", cases).put("failed", failed);
        return root;
    }

    private static void tell(
            PrintWriter out,
            Devices devices,
            Devices.Usable chosen,
            String description,
            double peak,
            int cases,
            List<Conformance.Result> failed) {
        out.printf("version      %s%n", Main.version());
        out.printf("jdk          %s (%s)%n", Runtime.version(), System.getProperty("java.home"));
        out.printf("cpu          %s%n", cpu());
        out.printf(Locale.ROOT, "memory       %.1f GiB free%n", MemoryEstimate.free() / (double) (1L << 30));
        out.printf(
                Locale.ROOT,
                "device       %s: %s, measured peak %.0f GFLOP/s%n",
                chosen.name(),
                description,
                peak / 1e9);
        for (Devices.Usable u : devices.usable())
            out.printf(
                    "  usable     %s, score %d%s%n",
                    u.name(), u.score(), u.name().equals(chosen.name()) ? " ←" : "");
        for (Devices.Unusable u : devices.unusable()) out.printf("  unusable   %s: %s%n", u.name(), u.why());
        out.printf("conformance  %d cases, %d failed%n", cases, failed.size());
        for (Conformance.Result r : failed) out.printf("  %s%n", r);
    }

    /** The processor's own name where the system tells it. */
    private static String cpu() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/cpuinfo")))
                if (line.startsWith("model name"))
                    return line.substring(line.indexOf(':') + 1).strip() + ", "
                            + Runtime.getRuntime().availableProcessors() + " processors";
        } catch (IOException notLinux) {
            // the architecture is what is left
        }
        return System.getProperty("os.arch") + ", " + Runtime.getRuntime().availableProcessors() + " processors";
    }
}
