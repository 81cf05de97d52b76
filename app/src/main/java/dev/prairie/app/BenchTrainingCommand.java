package dev.prairie.app;

import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.device.Device;
import dev.prairie.train.loop.SpeedProbe;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** One thread against all threads on a whole training step, interleaved, so that both see the same machine. */
@Command(
        name = "training",
        description = "Times whole training steps of a 12 M-parameter model (GPT-2 form, 6 layers, 384 wide, vocabulary"
                + " 4096, 4 x 256 tokens) on one thread and on all, in turn; medians.",
        mixinStandardHelpOptions = true)
final class BenchTrainingCommand implements Callable<Integer> {
    private static final String MODEL = "gpt2 6x384, vocabulary 4096, 4x256";
    private static final int ROWS = 4;
    private static final int LENGTH = 256;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--steps", paramLabel = "N", description = "Steps of each, after two to warm up. Default: 9.")
    private int steps = 9;

    @Option(names = "--json", description = "A line of JSON for each number of threads instead.")
    private boolean json;

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    @Override
    public Integer call() {
        if (steps < 1) throw new UserException("--steps is " + steps + "; give at least 1");
        var config = TransformerConfig.gpt2(4096, LENGTH, 6, 384, 6);
        try (Device one = devices.open(1);
                Device all = devices.open();
                var single = new SpeedProbe(config, ROWS, LENGTH, one, DType.F32);
                var many = new SpeedProbe(config, ROWS, LENGTH, all, DType.F32)) {
            double[] ofOne = new double[steps];
            double[] ofAll = new double[steps];
            for (int i = -2; i < steps; i++) {
                double a = single.step();
                double b = many.step();
                if (i < 0) continue; // the compiler is at work
                ofOne[i] = a;
                ofAll[i] = b;
            }
            double slow = median(ofOne);
            double fast = median(ofAll);
            report(one, single, slow, 1);
            report(all, many, fast, slow / fast);
        }
        return 0;
    }

    private void report(Device device, SpeedProbe probe, double seconds, double speedup) {
        PrintWriter out = spec.commandLine().getOut();
        double rate = probe.tokens() / seconds;
        double mfu = probe.utilisation(seconds);
        if (json) {
            var line = JsonMapper.shared().createObjectNode();
            line.put("model", MODEL);
            line.put("device", device.name());
            line.put("threads", device.threads());
            line.put("tokensPerSecond", Math.round(rate * 10) / 10.0);
            line.put("mfu", Math.round(mfu * 1e4) / 1e4);
            line.put("speedup", Math.round(speedup * 1e3) / 1e3);
            out.println(line);
        } else {
            out.printf(
                    Locale.ROOT,
                    "%s, %s: %,.0f tokens/s, MFU %.0f %%, %.2f times one thread%n",
                    MODEL,
                    device.description(),
                    rate,
                    100 * mfu,
                    speedup);
        }
        out.flush();
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
