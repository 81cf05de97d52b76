package dev.prairie.app;

import dev.prairie.app.peer.ChainText;
import dev.prairie.app.peer.Curves;
import dev.prairie.app.peer.OwnRun;
import dev.prairie.app.peer.Peer;
import dev.prairie.app.peer.Run;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.device.Device;
import dev.prairie.train.loop.MemoryEstimate;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * Our training step beside libtorch's, in turn: ours in F32 against its F32; ours in BF16 against its F32 and against
 * the faster of its two ways with BF16. Where the loss is compared in BF16, it is with its masters in F32, as ours are.
 *
 * @param curves where the losses of each step go, if anywhere
 */
record PeerBench(
        PrintWriter out,
        BenchModel model,
        int warmUp,
        int steps,
        boolean json,
        @Nullable Path curves) {
    private static final float RATE = 3e-4f;
    private static final long SEED = 1;

    /**
     * One line of the result.
     *
     * @param precision      ours
     * @param own            our device's name
     * @param rate           our tokens a second
     * @param peer           who else
     * @param peerRate       its tokens a second
     * @param lossDifference the most that ours differs from the peer's on one batch, as a share
     */
    record Line(
            String model,
            DType precision,
            String own,
            double rate,
            String peer,
            double peerRate,
            double lossDifference) {
        double ratio() {
            return rate / peerRate;
        }

        String json() {
            var line = JsonMapper.shared().createObjectNode();
            line.put("model", model);
            line.put("precision", precision.name().toLowerCase(Locale.ROOT));
            line.putObject("ours").put("device", own).put("tokensPerSecond", rounded(rate, 10));
            line.putObject("peer").put("name", peer).put("tokensPerSecond", rounded(peerRate, 10));
            line.put("ratio", rounded(ratio(), 1e3));
            line.put("lossDifference", rounded(lossDifference, 1e6));
            return line.toString();
        }

        // Not Math.round: it makes 0 of what is no number.
        private static double rounded(double value, double parts) {
            return Math.rint(value * parts) / parts;
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%s: %s %s %,.0f tokens/s, %s %,.0f: %.2f times; losses differ by at most %.3f %%",
                    model,
                    own,
                    precision,
                    rate,
                    peer,
                    peerRate,
                    ratio(),
                    100 * lossDifference);
        }
    }

    /** In this precision of ours, or in all that the device offers. */
    void run(DeviceOptions devices, @Nullable DType precision) {
        try (Device device = devices.open();
                BufferedWriter file = curves == null ? null : Files.newBufferedWriter(curves)) {
            for (DType ours : precision == null ? device.precisions() : List.of(precision)) run(device, ours, file);
        } catch (IOException e) {
            throw new UncheckedIOException("--curves " + curves + " cannot be written", e);
        }
    }

    private void run(Device device, DType precision, @Nullable BufferedWriter file) throws IOException {
        List<Peer.Precision> peers = precision == DType.F32
                ? List.of(Peer.Precision.F32)
                : List.of(Peer.Precision.F32, Peer.Precision.BF16, Peer.Precision.BF16_MASTERS);
        MemoryEstimate.of(model.config(), BenchModel.ROWS * BenchModel.LENGTH, false)
                .require(MemoryEstimate.free() / (1 + peers.size()));
        Path root = Path.of(System.getProperty("prairie.root", "."));
        try (Peer peer = Peer.start(root, device.threads());
                Arena arena = Arena.ofShared()) {
            if (Peer.allocator().isEmpty())
                System.err.println("prairie: no tcmalloc on this machine, which makes libtorch up to a third faster"
                        + " (Debian: libtcmalloc-minimal4)");
            Transformer transformer = Transformer.initialise(model.config(), arena, SEED);
            List<Run> runs = new ArrayList<>(); // the peer's first: they copy the weights that ours moves
            for (Peer.Precision p : peers) runs.add(peer.open(transformer, p));
            try (Run own = new OwnRun(transformer, device, precision)) {
                runs.add(own);
                var text = new ChainText(model.config().vocabulary(), BenchModel.ROWS, BenchModel.LENGTH, SEED);
                var result = Curves.of(runs, text, RATE, warmUp, steps);
                int ours = runs.size() - 1;
                report(result, device, precision, ours, 0, 0, file);
                if (precision == DType.BF16) {
                    int fastest = result.medianSeconds(1) <= result.medianSeconds(2) ? 1 : 2;
                    report(result, device, precision, ours, fastest, 2, file);
                }
            }
        }
    }

    /** Our run against the speed of one of the peer's and the losses of one, which may be another. */
    private void report(
            Curves result, Device device, DType precision, int ours, int speed, int loss, @Nullable BufferedWriter file)
            throws IOException {
        double tokens = BenchModel.ROWS * BenchModel.LENGTH;
        var line = new Line(
                model.title(),
                precision,
                device.name(),
                tokens / result.medianSeconds(ours),
                result.runs().get(speed).name(),
                tokens / result.medianSeconds(speed),
                result.lossDifference(ours, loss));
        out.println(json ? line.json() : line);
        out.flush();
        if (file == null) return;
        for (int i = 0; i < result.losses()[ours].length; i++) {
            var step = JsonMapper.shared().createObjectNode();
            step.put("step", i + 1);
            step.put("ours", result.losses()[ours][i]);
            step.put("peer", result.losses()[loss][i]);
            step.put("precision", precision.name().toLowerCase(Locale.ROOT));
            step.put("name", result.runs().get(loss).name());
            file.write(step + "\n");
        }
    }
}
