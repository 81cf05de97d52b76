package dev.prairie.tensor.device;

import dev.prairie.tensor.device.DeviceProvider.Probe;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/**
 * The devices of this machine, probed once, with the reasons as values.
 *
 * @param usable   best first
 * @param unusable with why
 */
public record Devices(List<Usable> usable, List<Unusable> unusable) {
    /** A device that works here. */
    public record Usable(DeviceProvider provider, int score) {
        public String name() {
            return provider.name();
        }
    }

    /** A device that does not work here. */
    public record Unusable(String name, String why) {}

    public Devices {
        usable = List.copyOf(usable);
        unusable = List.copyOf(unusable);
    }

    /** Asks every provider on the module path and the class path. */
    public static Devices probe() {
        return of(ServiceLoader.load(DeviceProvider.class));
    }

    /** Asks these providers. */
    public static Devices of(Iterable<DeviceProvider> providers) {
        var usable = new ArrayList<Usable>();
        var unusable = new ArrayList<Unusable>();
        for (DeviceProvider p : providers)
            switch (p.probe()) {
                case Probe.Usable(int score) -> usable.add(new Usable(p, score));
                case Probe.Unusable(String why) -> unusable.add(new Unusable(p.name(), why));
            }
        usable.sort(Comparator.comparingInt(Usable::score).reversed().thenComparing(Usable::name));
        return new Devices(usable, unusable);
    }

    /** The best one, or the one asked for by name: that one or an error, never a silent slow path. */
    public Usable choose(Optional<String> name) {
        if (name.isEmpty())
            return usable.stream()
                    .findFirst()
                    .orElseThrow(() -> new DeviceException("device: none is usable; " + why()));
        return usable.stream()
                .filter(d -> d.name().equals(name.get()))
                .findFirst()
                .orElseThrow(() -> new DeviceException("device: " + name.get() + " is not usable here; usable are "
                        + usable.stream().map(Usable::name).collect(Collectors.joining(", ")) + why()));
    }

    private String why() {
        return unusable.stream().map(u -> "; " + u.name() + ": " + u.why()).collect(Collectors.joining());
    }
}
