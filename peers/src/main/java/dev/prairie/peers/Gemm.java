package dev.prairie.peers;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** libtorch's own matrix product at its best: of the ways to ask for it, the fastest. */
final class Gemm {
    private static final int ROUNDS = 9;
    private static final int WARM_UP = 3;
    private static final double ROUND_FLOPS = 1e10; // 5 to 30 ms: well above the clock, short enough to repeat

    private final Tensor x; // (m, k)
    private final Tensor w; // (n, k)
    private final Tensor across; // (k, n)
    private final Tensor out; // (m, n)
    private final double flops;

    private Gemm(int m, int n, int k, ScalarType type) {
        x = random(type, m, k);
        w = random(type, n, k);
        across = random(type, k, n);
        out = random(type, m, n);
        flops = 2.0 * m * n * k;
    }

    /** Median GFLOP/s of (m, k) · (k, n). */
    static double rate(int m, int n, int k, ScalarType type) {
        try (var _ = new PointerScope()) {
            var gemm = new Gemm(m, n, k, type);
            double best = gemm.median(() -> torch.linear(gemm.x, gemm.w));
            best = Math.max(best, gemm.median(() -> torch.mm_out(gemm.out, gemm.x, gemm.across)));
            return Math.max(best, gemm.median(() -> torch.mm_out(gemm.out, gemm.x, gemm.w.t())));
        }
    }

    private double median(Runnable product) {
        int times = (int) Math.max(1, ROUND_FLOPS / flops);
        double[] rates = new double[ROUNDS];
        for (int round = -WARM_UP; round < ROUNDS; round++) {
            long began = System.nanoTime();
            for (int i = 0; i < times; i++) {
                try (var _ = new PointerScope()) {
                    product.run();
                }
            }
            if (round >= 0) rates[round] = times * flops / (System.nanoTime() - began);
        }
        Arrays.sort(rates);
        return rates[ROUNDS / 2];
    }

    private static Tensor random(ScalarType type, long... shape) {
        return torch.randn(shape).mul(new Scalar(0.02f)).to(type);
    }
}
