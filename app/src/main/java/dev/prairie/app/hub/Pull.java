package dev.prairie.app.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.ToLongFunction;

/**
 * Gets a model from a hub into the store. What has arrived waits in {@code .pull} inside the model's folder, for the next
 * attempt if this one ends early; only when all of it is right does it take its place, and the list of it is written last.
 * Nobody ever finds half a model.
 */
public final class Pull {
    private static final int AT_ONCE = 4;
    private static final long TICK_MILLIS = 100;
    private static final long PATIENCE_SECONDS = 10;
    private static final String WAITING = ".pull";

    /** Is told how it goes, several times a second. */
    public interface Progress {
        /**
         * So much is here.
         *
         * @param bytes   of all files
         * @param total   of all files, or 0 where the hub does not say
         * @param current a file that is on its way
         */
        void at(long bytes, long total, String current);
    }

    private final ModelStore store;
    private final HubAddress hub;
    private final Retry retry;
    private final ToLongFunction<Path> freeBytes;

    /** From this hub into this store. */
    public Pull(ModelStore store, HubAddress hub) {
        this(store, hub, Retry.USUAL, Pull::usable);
    }

    Pull(ModelStore store, HubAddress hub, Retry retry, ToLongFunction<Path> freeBytes) {
        this.store = store;
        this.hub = hub;
        this.retry = retry;
        this.freeBytes = freeBytes;
    }

    private static long usable(Path folder) {
        try {
            return Files.getFileStore(folder).getUsableSpace();
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be read", e);
        }
    }

    /**
     * Gets what is meant and is not here yet.
     *
     * @param revision a branch, tag or commit; else the hub's usual one
     * @return what is here now
     * @throws HubException if it is not to be had, or did not arrive right
     */
    public StoredModel run(ModelName model, Optional<String> revision, Progress progress) {
        Path folder = store.folder(model);
        Path waiting = folder.resolve(WAITING);
        try (var http = new Http(hub, retry)) {
            Listing listing = list(http, model, revision);
            List<RemoteFile> wanted = Selection.of(model, listing.files());
            for (RemoteFile file : wanted)
                if (file.path().equals(StoredModel.NAME) || file.path().startsWith("."))
                    throw new HubException("the hub lists a file '" + file.path() + "', a name that is Prairie's own;"
                            + " choose another file");
            Files.createDirectories(waiting);
            try (FileChannel lock =
                    FileChannel.open(waiting.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                requireLock(lock, model);
                Optional<StoredModel> before = store.find(model);
                List<RemoteFile> missing =
                        wanted.stream().filter(f -> !isHere(folder, before, f)).toList();
                requireSpace(waiting, missing);
                List<Transfer> transfers = new ArrayList<>();
                for (RemoteFile file : missing)
                    transfers.add(new Transfer(
                            http,
                            retry,
                            listing.kind().file(hub.base(), model, listing.revision(), file.path()),
                            file,
                            new Part(waiting.resolve("files").resolve(file.path()))));
                Map<String, String> sums = new Crew(http, transfers, progress).run();
                return place(model, folder, waiting, before, listing, sums);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be written", e);
        }
    }

    private record Listing(HubKind kind, String revision, List<RemoteFile> files) {}

    private Listing list(Http http, ModelName model, Optional<String> revision) {
        for (HubKind kind : hub.kinds()) {
            String chosen = revision.orElse(kind.usualRevision());
            Optional<List<RemoteFile>> files = kind.list(http, hub.base(), model, chosen);
            if (files.isPresent()) return new Listing(kind, chosen, files.get());
        }
        throw new HubException(hub.base() + " has no model " + model.whole()
                + revision.map(r -> " of revision " + r).orElse("")
                + "; check the name"
                + (hub.token().isEmpty() ? ", or set PRAIRIE_HUB_TOKEN if it is not for everyone" : ""));
    }

    private static void requireLock(FileChannel lock, ModelName model) throws IOException {
        boolean ours;
        try {
            ours = lock.tryLock() != null;
        } catch (OverlappingFileLockException taken) {
            ours = false;
        }
        if (!ours)
            throw new HubException(model.whole() + " is being pulled already; wait for the other prairie pull to end");
    }

    /** Only what has the checksum that the hub states is the same file. */
    private static boolean isHere(Path folder, Optional<StoredModel> before, RemoteFile file) {
        return before.stream()
                .flatMap(m -> m.files().stream())
                .anyMatch(f -> f.path().equals(file.path())
                        && file.sha256().filter(f.sha256()::equals).isPresent()
                        && size(folder.resolve(f.path())) == f.size());
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException absent) {
            return -1;
        }
    }

    private void requireSpace(Path waiting, List<RemoteFile> missing) {
        long needed = 0;
        for (RemoteFile file : missing) {
            Path whole = waiting.resolve("files").resolve(file.path());
            long here = Math.max(0, size(whole.resolveSibling(whole.getFileName() + ".part")));
            needed = Math.addExact(needed, Math.max(0, file.size().orElse(0) - here));
        }
        long free = freeBytes.applyAsLong(waiting);
        if (needed > free)
            throw new HubException("the disk of " + waiting + " has " + shown(free) + " free, " + shown(needed)
                    + " are to come; make room, or set PRAIRIE_HOME to another disk");
    }

    /** Bytes for people. */
    public static String shown(long bytes) {
        if (bytes < 1_000_000) return bytes < 1000 ? bytes + " B" : (bytes + 500) / 1000 + " kB";
        double mega = bytes / 1e6;
        return mega < 1000
                ? String.format(Locale.ROOT, "%.0f MB", mega)
                : String.format(Locale.ROOT, "%.2f GB", mega / 1000);
    }

    private StoredModel place(
            ModelName model,
            Path folder,
            Path waiting,
            Optional<StoredModel> before,
            Listing listing,
            Map<String, String> sums)
            throws IOException {
        List<StoredModel.File> fresh = new ArrayList<>();
        for (var sum : sums.entrySet()) {
            Path arrived = waiting.resolve("files").resolve(sum.getKey());
            fresh.add(new StoredModel.File(sum.getKey(), Files.size(arrived), sum.getValue()));
        }
        StoredModel now = before.orElseGet(() -> new StoredModel(model.whole(), "", "", List.of()))
                .with(hub.base().toString(), listing.revision(), fresh);
        if (!fresh.isEmpty() || before.isEmpty()) {
            Files.deleteIfExists(folder.resolve(StoredModel.NAME));
            for (StoredModel.File file : fresh) {
                Path place = folder.resolve(file.path());
                Files.createDirectories(place.toAbsolutePath().getParent());
                Files.move(
                        waiting.resolve("files").resolve(file.path()),
                        place,
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            }
            now.write(folder);
        }
        ModelStore.deleteTree(waiting);
        return now;
    }

    /** A few transfers at once, watched by the thread that called. */
    private static final class Crew {
        private final Http http;
        private final Deque<Transfer> later;
        private final Map<Transfer, CompletableFuture<String>> running = new HashMap<>();
        private final Map<String, String> sums = new HashMap<>();
        private final List<Transfer> all;
        private final long total;
        private final Progress progress;

        Crew(Http http, List<Transfer> transfers, Progress progress) {
            this.http = http;
            all = transfers;
            later = new ArrayDeque<>(transfers);
            boolean known = transfers.stream().allMatch(t -> t.file().size().isPresent());
            total = known
                    ? transfers.stream()
                            .mapToLong(t -> t.file().size().orElse(0))
                            .sum()
                    : 0;
            this.progress = progress;
        }

        /** SHA-256 of each file, by path; the first failure ends it, and with it all others. */
        Map<String, String> run() {
            try {
                return watch();
            } finally {
                if (!running.isEmpty()) end();
            }
        }

        /** Nothing may be written any more once the lock is given back. */
        private void end() {
            running.keySet().forEach(Transfer::stop);
            http.close();
            CompletableFuture.allOf(running.values().toArray(new CompletableFuture<?>[0]))
                    .handle((done, failure) -> true)
                    .completeOnTimeout(false, PATIENCE_SECONDS, TimeUnit.SECONDS)
                    .join();
        }

        private Map<String, String> watch() {
            while (!later.isEmpty() || !running.isEmpty()) {
                while (running.size() < AT_ONCE && !later.isEmpty()) {
                    Transfer next = later.removeFirst();
                    running.put(next, next.run());
                }
                awaitOne();
                for (Transfer transfer : List.copyOf(running.keySet())) {
                    transfer.checkStalled();
                    CompletableFuture<String> future = running.getOrDefault(transfer, new CompletableFuture<>());
                    if (!future.isDone()) continue;
                    sums.put(transfer.file().path(), outcome(future));
                    running.remove(transfer);
                }
                report();
            }
            return sums;
        }

        private void report() {
            long bytes = all.stream().mapToLong(Transfer::arrived).sum();
            String current = running.keySet().stream()
                    .map(t -> t.file().path())
                    .sorted()
                    .findFirst()
                    .orElse("");
            progress.at(bytes, total, current);
        }

        private void awaitOne() {
            try {
                CompletableFuture.anyOf(running.values().toArray(new CompletableFuture<?>[0]))
                        .get(TICK_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException | ExecutionException looked) {
                // what is done is looked at one by one
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new HubException("interrupted; pull again to go on where it stopped", e);
            }
        }

        private static String outcome(CompletableFuture<String> done) {
            try {
                return done.join();
            } catch (CompletionException e) {
                switch (e.getCause()) {
                    case HubException hub -> throw hub;
                    case IOException io -> throw new UncheckedIOException("a file cannot be written", io);
                    case RuntimeException other -> throw other;
                    case null, default -> throw e;
                }
            }
        }
    }
}
