package dev.prairie.app;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.conformance.Conformance;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.Peak;
import dev.prairie.train.loop.MemoryEstimate;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
        List<Tables> tables = new ArrayList<>();
        String description;
        double peak;
        try (Device device = chosen.provider().open(Runtime.getRuntime().availableProcessors())) {
            for (DType precision : device.precisions())
                if (device.kernels(precision) instanceof GradKernels trains)
                    tables.add(new Tables(precision, Conformance.run(trains, precision)));
            description = device.description();
            peak = device.measure(Peak.F32);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) out.println(tree(devices, chosen, tables));
        else tell(out, devices, chosen, description, peak, tables);
        out.flush();
        return tables.stream().allMatch(t -> t.failed().isEmpty()) ? 0 : 1;
    }

    /** What the conformance table said in one precision. */
    private record Tables(DType precision, List<Conformance.Result> results) {
        List<Conformance.Result> failed() {
            return results.stream().filter(r -> !r.passed()).toList();
        }
    }

    private static ObjectNode tree(Devices devices, Devices.Usable chosen, List<Tables> tables) {
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("version", Main.version());
        root.put("jdk", Runtime.version().toString());
        root.put("cpu", cpu());
        root.putObject("device").put("name", chosen.name()).put("score", chosen.score());
        var unusable = root.putArray("unusable");
        devices.unusable()
                .forEach(u -> unusable.addObject().put("name", u.name()).put("why", u.why()));
        var conformance = root.putObject("conformance");
        conformance.put(
                "cases", tables.stream().mapToInt(t -> t.results().size()).sum());
        conformance.put(
                "failed", tables.stream().mapToInt(t -> t.failed().size()).sum());
        var precisions = conformance.putArray("precisions");
        tables.forEach(t -> precisions.add(t.precision().name().toLowerCase(Locale.ROOT)));
        return root;
    }

    private static void tell(
            PrintWriter out,
            Devices devices,
            Devices.Usable chosen,
            String description,
            double peak,
            List<Tables> tables) {
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
        for (Tables t : tables) {
            out.printf(
                    "conformance  %d cases, %d failed in %s%n",
                    t.results().size(), t.failed().size(), t.precision());
            for (Conformance.Result r : t.failed()) out.printf("  %s%n", r);
        }
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
