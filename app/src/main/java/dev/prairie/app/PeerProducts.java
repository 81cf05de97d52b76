package dev.prairie.app;

import dev.prairie.app.peer.Peer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.conformance.SpeedCase;
import dev.prairie.tensor.device.Device;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;

/** Our products beside libtorch's, of the same shapes and in turn. */
record PeerProducts(PrintWriter out, boolean json, double seconds) {
    private static final int ROUNDS = 3;
    private static final int FEW = 16; // rows below which a product is bound by reading the weights

    /** Those of {@code cases} that are the product of a forward pass, on {@code device}. */
    void run(Device device, List<SpeedCase> cases) {
        try (Peer peer = Peer.start(Paths.ROOT, device.threads())) {
            for (SpeedCase c : cases) {
                if (!c.op().equals("matmul") || c.packed()) continue; // the peer has no such weights
                int[] sizes = Arrays.stream(c.shape().split("x", -1))
                        .mapToInt(Integer::parseInt)
                        .toArray(); // N, C, O
                if (sizes[0] >= FEW) compare(device, peer, c, sizes);
            }
        }
    }

    private void compare(Device device, Peer peer, SpeedCase c, int[] sizes) {
        double[] ours = new double[ROUNDS];
        double[] theirs = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            ours[i] = c.work() / c.seconds(device.gradKernels(c.type()), seconds) / 1e9;
            theirs[i] = peer.gemm(sizes[0], sizes[2], sizes[1], c.type() == DType.BF16);
        }
        Arrays.sort(ours);
        Arrays.sort(theirs);
        report(c, ours[ROUNDS / 2], peer.name(), theirs[ROUNDS / 2]);
    }

    private void report(SpeedCase c, double ours, String name, double theirs) {
        String type = c.type().name().toLowerCase(Locale.ROOT);
        if (json) {
            var line = JsonMapper.shared().createObjectNode();
            line.put("op", c.op());
            line.put("type", type);
            line.put("shape", c.shape());
            line.put("rate", Math.rint(ours * 10) / 10);
            line.putObject("peer").put("name", name).put("rate", Math.rint(theirs * 10) / 10);
            line.put("unit", "GFLOP/s");
            line.put("ratio", Math.rint(ours / theirs * 1e3) / 1e3);
            out.println(line);
        } else
            out.printf(
                    Locale.ROOT,
                    "%-8s %-5s %-16s %8.1f GFLOP/s, %s: %8.1f, %.2f times%n",
                    c.op(),
                    type,
                    c.shape(),
                    ours,
                    name,
                    theirs,
                    ours / theirs);
        out.flush();
    }
}
