package dev.prairie.serve.resident;

import dev.prairie.serve.engine.Engine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Models that are loaded when they are first asked for, by the thread that asks; who asks meanwhile waits for the same
 * load, and shares its failure. A model that nobody has held for the idle time is unloaded, and loaded again when it is
 * asked for again.
 */
public final class ModelsOnDemand implements Models {
    /** The idle time of models that stay. */
    public static final Duration NEVER = Duration.ofSeconds(Long.MAX_VALUE / 2_000_000_000);

    /** What is true of a model at a time. */
    private sealed interface State {}

    private record Absent() implements State {}

    private static final class Loading implements State {
        private @Nullable ModelUnavailableException failure;

        void rethrow() {
            if (failure != null) {
                throw failure;
            }
        }
    }

    private record Present(Resident resident) implements State {}

    private record Leaving() implements State {}

    private static final class Entry {
        private final ModelSource source;
        private State state = new Absent();
        private int leases;
        private int context; // 0 until it was loaded once
        private long idleSince;

        Entry(ModelSource source) {
            this.source = source;
        }
    }

    private final Map<String, Entry> entries = new LinkedHashMap<>(); // by the names of models and adapters
    private final long idle; // nanoseconds
    private final LongSupplier clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Thread sweeper =
            Thread.ofPlatform().name("prairie-idle").daemon().unstarted(this::sweepAlways);
    private boolean closed;

    /**
     * Nothing is loaded yet.
     *
     * @param idle how long a model stays that nobody holds; {@link #NEVER} for ever
     * @throws IllegalArgumentException if there is none, or two have one name
     */
    public static ModelsOnDemand of(List<ModelSource> sources, Duration idle) {
        ModelsOnDemand models = new ModelsOnDemand(sources, idle, System::nanoTime);
        if (idle.compareTo(NEVER) < 0) {
            models.sweeper.start();
        }
        return models;
    }

    /** Without the thread that unloads. */
    ModelsOnDemand(List<ModelSource> sources, Duration idle, LongSupplier clock) {
        if (sources.isEmpty()) {
            throw new IllegalArgumentException("models: none; name at least one");
        }
        for (ModelSource source : sources) {
            Entry entry = new Entry(source);
            add(source.id(), entry);
            source.adapters().forEach(adapter -> add(adapter, entry));
        }
        this.idle = idle.compareTo(NEVER) < 0 ? idle.toNanos() : NEVER.toNanos();
        this.clock = clock;
    }

    private void add(String name, Entry entry) {
        if (entries.put(name, entry) != null) {
            throw new IllegalArgumentException(
                    "models: two are called " + name + "; give one another name, as NAME=PATH");
        }
    }

    @Override
    public List<ModelCard> cards() {
        lock.lock();
        try {
            List<ModelCard> cards = new ArrayList<>();
            entries.forEach((name, entry) -> cards.add(card(name, entry)));
            return cards;
        } finally {
            lock.unlock();
        }
    }

    /** Each once, whatever names it has. */
    private Set<Entry> models() {
        return new LinkedHashSet<>(entries.values());
    }

    private static ModelCard card(String name, Entry entry) {
        String model = entry.source.id();
        return new ModelCard(name, entry.source.created(), entry.context, name.equals(model) ? null : model);
    }

    @Override
    public Optional<Lease> lease(String id) {
        Entry entry = entries.get(id);
        return entry == null ? Optional.empty() : Optional.of(lease(id, entry));
    }

    private Lease lease(String id, Entry entry) {
        lock.lock();
        try {
            while (true) {
                if (closed) {
                    throw ModelUnavailableException.closed();
                }
                switch (entry.state) {
                    case Present present -> {
                        entry.leases++;
                        return new Lease(card(id, entry), present.resident(), () -> giveBack(entry));
                    }
                    case Absent absent -> {
                        Loading mine = new Loading();
                        entry.state = mine;
                        load(entry, mine);
                    }
                    case Loading others -> {
                        waitWhile(entry, others);
                        others.rethrow();
                    }
                    case Leaving leaving -> waitWhile(entry, leaving);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Without the lock, so that others need not wait who ask for other models. */
    private void load(Entry entry, Loading loading) {
        lock.unlock();
        Resident loaded = null;
        ModelUnavailableException failure = null;
        try {
            loaded = entry.source.loader().load();
        } catch (RuntimeException | VirtualMachineError cause) { // no memory for it, for example
            failure = ModelUnavailableException.notLoaded(entry.source.id(), cause);
        } finally {
            lock.lock();
            loading.failure = failure;
            entry.state = new Absent();
            if (loaded != null) {
                entry.state = new Present(loaded);
                entry.context = loaded.context();
                entry.idleSince = clock.getAsLong();
            }
            changed.signalAll();
        }
        loading.rethrow();
    }

    private void giveBack(Entry entry) {
        lock.lock();
        try {
            entry.leases--;
            entry.idleSince = clock.getAsLong();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** How many wait for a model that is being loaded or unloaded. */
    int waiting() {
        lock.lock();
        try {
            return lock.getWaitQueueLength(changed);
        } finally {
            lock.unlock();
        }
    }

    private void waitWhile(Entry entry, State state) {
        try {
            while (entry.state.equals(state)) {
                changed.await();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ModelUnavailableException.closed();
        }
    }

    @Override
    public List<ModelCard> loaded() {
        lock.lock();
        try {
            return models().stream()
                    .filter(entry -> entry.state instanceof Present)
                    .map(entry -> card(entry.source.id(), entry))
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<Engine> engines() {
        lock.lock();
        try {
            return models().stream()
                    .map(entry -> entry.state)
                    .filter(Present.class::isInstance)
                    .flatMap(state -> ((Present) state).resident().engine().stream())
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    private void sweepAlways() {
        lock.lock();
        try {
            while (!closed) {
                Map<Entry, Resident> leaving = new LinkedHashMap<>();
                long patience = pick(leaving);
                if (leaving.isEmpty()) {
                    changed.awaitNanos(patience);
                    continue;
                }
                lock.unlock();
                try {
                    leaving.forEach(this::unload);
                } finally {
                    lock.lock();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does that; models then stay
        } finally {
            lock.unlock();
        }
    }

    /** Unloads what has been idle for long enough. */
    void sweep() {
        Map<Entry, Resident> leaving = new LinkedHashMap<>();
        lock.lock();
        try {
            pick(leaving);
        } finally {
            lock.unlock();
        }
        leaving.forEach(this::unload);
    }

    /** What has been idle for long enough; returns after how many nanoseconds more may be, unless something happens. */
    private long pick(Map<Entry, Resident> leaving) {
        long next = Long.MAX_VALUE;
        for (Entry entry : models()) {
            if (entry.state instanceof Present present && entry.leases == 0) {
                long left = entry.idleSince + idle - clock.getAsLong();
                if (left <= 0) {
                    entry.state = new Leaving();
                    leaving.put(entry, present.resident());
                } else {
                    next = Math.min(next, left);
                }
            }
        }
        return next;
    }

    private void unload(Entry entry, Resident resident) {
        try {
            resident.close();
        } finally {
            lock.lock();
            try {
                entry.state = new Absent();
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    @Override
    public void close() {
        Map<Entry, Resident> leaving = new LinkedHashMap<>();
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
            for (Entry entry : models()) {
                while (entry.state instanceof Loading || entry.state instanceof Leaving) {
                    changed.awaitUninterruptibly();
                }
                if (entry.state instanceof Present present) {
                    entry.state = new Leaving();
                    leaving.put(entry, present.resident());
                }
            }
        } finally {
            lock.unlock();
        }
        leaving.forEach(this::unload);
    }
}
