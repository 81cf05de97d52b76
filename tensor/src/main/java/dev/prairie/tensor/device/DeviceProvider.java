package dev.prairie.tensor.device;

/**
 * How a module offers a device. Nothing compiles against it: {@link java.util.ServiceLoader} finds it, {@link Devices}
 * asks it and compares the scores.
 */
public interface DeviceProvider {
    /** What a probe found, with the reason as a value. */
    sealed interface Probe {
        /** It works here; the highest score is chosen. */
        record Usable(int score) implements Probe {}

        /** It does not work here, and why. */
        record Unusable(String why) implements Probe {}
    }

    /** As chosen on the command line: {@code cpu:vector}. */
    String name();

    /** Whether it works on this machine. Cheap, without side effects, and never throws. */
    Probe probe();

    /** Opens it with {@code threads} threads, at least 1. Only called after a usable probe. */
    Device open(int threads);
}
