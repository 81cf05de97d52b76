package dev.prairie.serve.access;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.serve.api.Outcome;
import dev.prairie.serve.api.Scope;
import dev.prairie.serve.api.Usage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What was used is written down once, and read back as it was. */
@Timeout(60)
final class JournalTest {
    private static final LocalDate FIRST = LocalDate.parse("2027-03-01");

    @TempDir
    Path folder;

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2027-03-01T23:59:59Z"));
    private final InstantSource clock = now::get;

    private static Outcome outcome(String key, Scope scope, String route, int status, long prompt, long completion) {
        return new Outcome(
                Instant.EPOCH,
                Duration.ofMillis(5),
                "id",
                key,
                "POST",
                route,
                scope,
                status,
                status >= 400 ? "wrong" : null,
                "model",
                new Usage(prompt, 0, completion, 0),
                List.of());
    }

    private static Outcome work(String key, long prompt, long completion) {
        return outcome(key, Scope.GENERATE, "/v1/completions", 200, prompt, completion);
    }

    @Test
    void eachDayHasItsFileAndItsSum() throws Exception {
        try (Journal journal = Journal.in(folder, clock)) {
            journal.over(work("alice", 3, 4));
            journal.over(work("bob", 1, 1));
            now.set(Instant.parse("2027-03-02T00:00:00Z"));
            journal.over(work("alice", 10, 0));
            journal.over(outcome("alice", Scope.EMBED, "/v1/embeddings", 429, 0, 0));
            assertThat(journal.tokens(FIRST, "alice")).isEqualTo(7);
            assertThat(journal.tokens(FIRST.plusDays(1), "alice")).isEqualTo(10);
        }
        assertThat(Files.readAllLines(folder.resolve("2027-03-01.jsonl"))).hasSize(2);
        try (Journal restarted = Journal.in(folder, clock)) {
            assertThat(restarted.days().keySet()).containsExactly(FIRST.plusDays(1), FIRST);
            assertThat(restarted.days().getOrDefault(FIRST, Map.of()).get("bob"))
                    .isEqualTo(new Totals(1, 0, 1, 0, 1));
            assertThat(restarted
                            .days()
                            .getOrDefault(FIRST.plusDays(1), Map.of())
                            .get("alice"))
                    .isEqualTo(new Totals(2, 1, 10, 0, 0));
        }
    }

    @Test
    void aLineThatACrashCutOffIsNotCountedAndHarmsNoOther() throws Exception {
        try (Journal journal = Journal.in(folder, clock)) {
            journal.over(work("alice", 3, 4));
        }
        Path file = folder.resolve("2027-03-01.jsonl");
        Files.writeString(file, "{\"time\":\"2027-03-01T23:59:59Z\",\"key\":\"ali", StandardOpenOption.APPEND);
        try (Journal journal = Journal.in(folder, clock)) {
            assertThat(journal.tokens(FIRST, "alice")).isEqualTo(7);
            journal.over(work("alice", 1, 1));
            assertThat(journal.tokens(FIRST, "alice")).isEqualTo(9);
        }
        try (Journal journal = Journal.in(folder, clock)) {
            assertThat(journal.tokens(FIRST, "alice")).isEqualTo(9);
        }
    }

    @Test
    void whoLookedIsWrittenDownButIsNoUse() throws Exception {
        try (Journal journal = Journal.in(folder, clock)) {
            journal.over(outcome("alice", Scope.OBSERVE, "/api/traces/{id}", 200, 0, 0));
            journal.over(outcome("alice", Scope.OBSERVE, "/metrics", 200, 0, 0));
            journal.over(outcome("alice", Scope.ANY, "/", 200, 0, 0));
            journal.over(outcome("", Scope.GENERATE, "/v1/completions", 401, 0, 0));
            assertThat(journal.days()).isEmpty();
        }
        assertThat(Files.readString(folder.resolve("2027-03-01.jsonl")))
                .contains("/api/traces/{id}")
                .doesNotContain("/metrics")
                .doesNotContain("401");
    }

    @Test
    void fiftyThreadsAreCountedExactly() throws Exception {
        List<Thread> threads = new ArrayList<>();
        try (Journal journal = Journal.in(folder, clock)) {
            for (int i = 0; i < 50; i++) {
                int n = i;
                threads.add(Thread.startVirtualThread(() -> {
                    for (int j = 0; j < 20; j++) {
                        journal.over(work("alice", n, j));
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(journal.tokens(FIRST, "alice")).isEqualTo(20 * 1225 + 50 * 190);
        }
        try (Journal journal = Journal.in(folder, clock)) {
            assertThat(journal.tokens(FIRST, "alice")).isEqualTo(20 * 1225 + 50 * 190);
        }
    }
}
