package dev.prairie.app;

import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which device computes, and with how many threads; the same options in every command that computes. */
final class DeviceOptions {
    @Option(
            names = "--device",
            paramLabel = "NAME",
            description = "Compute on this device; prairie doctor lists them. Default: PRAIRIE_DEVICE, else the best.")
    @Nullable
    private String name = System.getenv("PRAIRIE_DEVICE");

    @Option(names = "--threads", paramLabel = "N", description = "Threads of the device. Default: one a processor.")
    private int threads = Runtime.getRuntime().availableProcessors();

    int threads() {
        if (threads < 1 || threads > 1024) throw new UserException("--threads is " + threads + "; give 1 to 1024");
        return threads;
    }

    Device open() {
        return open(threads());
    }

    Device open(int count) {
        return Devices.probe().choose(Optional.ofNullable(name)).provider().open(count);
    }
}
