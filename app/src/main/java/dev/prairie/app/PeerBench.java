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
    /** The learning rate of all that is compared. */
    static final float RATE = 3e-4f;

    private static final long SEED = 1;

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
        try (Peer peer = Peer.start(Paths.ROOT, device.threads());
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
                report(result, precision, ours, 0, 0, file);
                if (precision == DType.BF16) {
                    int fastest = result.medianSeconds(1) <= result.medianSeconds(2) ? 1 : 2;
                    report(result, precision, ours, fastest, 2, file);
                }
            }
        }
    }

    /** Our run against the speed of one of the peer's and the losses of one, which may be another. */
    private void report(Curves result, DType precision, int ours, int speed, int loss, @Nullable BufferedWriter file)
            throws IOException {
        SideBySide.of(model, precision, result, ours, speed, loss).print(out, json);
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
