package dev.prairie.serve.access;

import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Outcome;
import dev.prairie.serve.api.Scope;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What every key has used, a line for each call as it ends: {@code YYYY-MM-DD.jsonl}, days of UTC. It is the audit of who
 * asked what of the server, and what quotas are counted from after a restart. A call that a crash cuts off is not in it.
 */
public final class Journal implements Outcome.Observer, AutoCloseable {
    /** How many days are told, today included. */
    public static final int DAYS = 30;

    /** A page or a program asks these again and again, and they say nothing of what anyone wrote. */
    private static final Set<String> POLLED = Set.of("/metrics", "/ready", "/api/live", "/api/usage");

    private static final Logger LOG = System.getLogger(Journal.class.getName());

    private final @Nullable Path folder;
    private final InstantSource clock;
    private final TreeMap<LocalDate, Map<String, Totals>> days = new TreeMap<>();
    private @Nullable OutputStream out;
    private LocalDate open = LocalDate.MIN; // the day that out is of

    private Journal(@Nullable Path folder, InstantSource clock) {
        this.folder = folder;
        this.clock = clock;
    }

    /** Counts since now, in memory alone. */
    public static Journal inMemory() {
        return new Journal(null, InstantSource.system());
    }

    /** Written to that folder, which is made if it is not there. */
    public static Journal in(Path folder) {
        return in(folder, InstantSource.system());
    }

    static Journal in(Path folder, InstantSource clock) {
        try {
            Files.createDirectories(folder, KeyFile.ownersOnly("rwx------"));
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be made", e);
        }
        return new Journal(folder, clock);
    }

    /** Whether it is still there after a restart. */
    public boolean kept() {
        return folder != null;
    }

    @Override
    public synchronized void over(Outcome outcome) {
        if (outcome.caller().isEmpty() || outcome.scope() == Scope.ANY || POLLED.contains(outcome.route())) {
            return;
        }
        Instant ended = clock.instant();
        LocalDate day = LocalDate.ofInstant(ended, ZoneOffset.UTC);
        ObjectNode line = line(outcome, ended);
        count(day(day), line);
        if (folder != null) {
            try {
                file(folder, day).write((line + "\n").getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                LOG.log(Level.ERROR, "usage of request " + outcome.id() + " cannot be written: " + e.getMessage());
            }
        }
    }

    private static ObjectNode line(Outcome outcome, Instant ended) {
        ObjectNode line = Json.node();
        line.put("time", ended.toString());
        line.put("request", outcome.id());
        line.put("key", outcome.caller());
        line.put("scope", outcome.scope().word());
        line.put("method", outcome.method());
        line.put("route", outcome.route());
        line.put("model", outcome.model());
        line.put("prompt", outcome.usage().prompt());
        line.put("cached", outcome.usage().cached());
        line.put("completion", outcome.usage().completion());
        line.put("status", outcome.status());
        line.put("error", outcome.error());
        line.put("ms", outcome.took().toMillis());
        return line;
    }

    /** The one way to count, for what happens and for what is read again. */
    private static void count(Map<String, Totals> day, ObjectNode line) {
        String scope = line.path("scope").asString();
        if (!scope.equals(Scope.GENERATE.word()) && !scope.equals(Scope.EMBED.word())) {
            return;
        }
        boolean failed =
                line.path("status").asInt() >= 400 || line.path("error").isString();
        day.merge(
                line.path("key").asString(),
                new Totals(
                        1,
                        failed ? 1 : 0,
                        line.path("prompt").asLong(),
                        line.path("cached").asLong(),
                        line.path("completion").asLong()),
                Totals::plus);
    }

    /** Tokens that a key has used on a day. */
    public synchronized long tokens(LocalDate day, String key) {
        return day(day).getOrDefault(key, Totals.NONE).tokens();
    }

    /** What was used in the last {@link #DAYS} days, by day, the newest first, and by key. */
    public synchronized Map<LocalDate, Map<String, Totals>> days() {
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        days.headMap(today.minusDays(DAYS - 1)).clear();
        TreeMap<LocalDate, Map<String, Totals>> all = new TreeMap<>(Collections.reverseOrder());
        for (int i = 0; i < DAYS; i++) {
            LocalDate day = today.minusDays(i);
            Map<String, Totals> used = day(day);
            if (!used.isEmpty()) {
                all.put(day, Map.copyOf(used));
            }
        }
        return all;
    }

    private Map<String, Totals> day(LocalDate day) {
        return days.computeIfAbsent(day, this::read);
    }

    private Map<String, Totals> read(LocalDate day) {
        Map<String, Totals> used = new HashMap<>();
        if (folder == null || !Files.exists(folder.resolve(day + ".jsonl"))) {
            return used;
        }
        try (var lines = new BufferedReader(
                new InputStreamReader(Files.newInputStream(folder.resolve(day + ".jsonl")), StandardCharsets.UTF_8))) {
            for (String text = lines.readLine(); text != null; text = lines.readLine()) {
                ObjectNode line = Json.parseLenient(text.getBytes(StandardCharsets.UTF_8));
                if (line != null) { // else a crash has cut it off
                    count(used, line);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder.resolve(day + ".jsonl") + " cannot be read", e);
        }
        return used;
    }

    private OutputStream file(Path folder, LocalDate day) throws IOException {
        if (out != null && open.equals(day)) {
            return out;
        }
        close();
        Path file = folder.resolve(day + ".jsonl");
        if (!Files.exists(file)) {
            Files.createFile(file, KeyFile.ownersOnly("rw-------"));
        }
        OutputStream opened = Files.newOutputStream(file, StandardOpenOption.APPEND);
        if (cutOff(file)) {
            opened.write('\n');
        }
        out = opened;
        open = day;
        return opened;
    }

    /** Whether the last line has no end. */
    private static boolean cutOff(Path file) throws IOException {
        try (var bytes = new RandomAccessFile(file.toFile(), "r")) {
            if (bytes.length() == 0) {
                return false;
            }
            bytes.seek(bytes.length() - 1);
            return bytes.read() != '\n';
        }
    }

    @Override
    public synchronized void close() {
        if (out != null) {
            try {
                out.close();
            } catch (IOException e) {
                LOG.log(Level.ERROR, "usage cannot be written: " + e.getMessage());
            }
            out = null;
        }
    }
}
