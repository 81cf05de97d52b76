package dev.prairie.tensor.reference;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.DeviceProvider;
import dev.prairie.tensor.device.Kernels;
import dev.prairie.tensor.device.Peak;
import java.util.List;

/** Offers the definition itself as a device: always usable, never preferred. */
public final class ReferenceProvider implements DeviceProvider {
    @Override
    public String name() {
        return "reference";
    }

    @Override
    public Probe probe() {
        return new Probe.Usable(1);
    }

    /** One thread, whatever is asked: the definition has one order of summation. */
    @Override
    public Device open(int threads) {
        return new ReferenceDevice();
    }

    private record ReferenceDevice() implements Device {
        @Override
        public String name() {
            return "reference";
        }

        @Override
        public String description() {
            return "plain loops, 1 thread";
        }

        @Override
        public int threads() {
            return 1;
        }

        @Override
        public Kernels kernels() {
            return new ReferenceKernels();
        }

        @Override
        public List<DType> precisions() {
            return List.of(DType.F32, DType.BF16);
        }

        @Override
        public Kernels kernels(DType precision) {
            return new ReferenceKernels(precision);
        }

        /** A chain of dependent multiply-adds, what one plain loop can do, in every precision. */
        @Override
        public double measure(Peak peak) {
            return switch (peak) {
                case F32, BF16 -> chain();
                case INT8, READ -> 0;
            };
        }

        private static double chain() {
            int rounds = 20_000_000;
            double best = 0;
            for (int attempt = 0; attempt < 3; attempt++) {
                long start = System.nanoTime();
                float x = 1;
                for (int i = 0; i < rounds; i++) x = x * 0.999f + 0.001f;
                double seconds = (System.nanoTime() - start) / 1e9;
                if (x > 0) best = Math.max(best, 2.0 * rounds / seconds);
            }
            return best;
        }

        @Override
        public void close() {}
    }
}
