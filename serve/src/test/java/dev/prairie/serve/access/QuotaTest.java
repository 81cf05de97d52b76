package dev.prairie.serve.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.prairie.serve.api.ApiException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Limits are kept to the last token, whoever calls at once. */
@Timeout(60)
final class QuotaTest {
    private static final Instant NOON = Instant.parse("2027-03-01T12:00:00Z");
    private static final LocalDate DAY = LocalDate.parse("2027-03-01");

    private final Quota quota = new Quota(DAY, 0);

    @Test
    void noSixtySecondsHaveMoreRequestsThanTheLimit() {
        Limits limits = new Limits(10, 0, 0);
        Random random = new Random(7);
        List<Instant> admitted = new ArrayList<>();
        Instant now = NOON;
        for (int i = 0; i < 2_000; i++) {
            now = now.plusMillis(random.nextInt(4_000));
            try {
                quota.request(limits, now);
                admitted.add(now);
            } catch (ApiException refused) {
                // It says when there will be room again: not a second earlier, and then there is.
                Instant told = now.plusSeconds(refused.retryAfter());
                assertThat(in(admitted, told)).isLessThan(10);
                assertThat(in(admitted, told.minusSeconds(1))).isEqualTo(10);
            }
        }
        for (Instant end : admitted) {
            assertThat(in(admitted, end)).isLessThanOrEqualTo(10);
        }
        assertThat(admitted).hasSizeGreaterThan(500);
    }

    private static long in(List<Instant> all, Instant end) {
        return all.stream()
                .filter(t -> t.isAfter(end.minusSeconds(60)) && !t.isAfter(end))
                .count();
    }

    @Test
    void tokensAreSetAsideThenSettled() {
        Limits limits = new Limits(0, 100, 0);
        quota.reserve(limits, 60, NOON);
        ApiException full = refused(limits, 41, NOON);
        assertThat(full.status()).isEqualTo(429);
        assertThat(full.getMessage())
                .contains("60 are used")
                .contains("41 more")
                .contains("may use 100");
        quota.settle(60, 25, NOON.plusSeconds(10));
        quota.reserve(limits, 75, NOON.plusSeconds(11)); // 25 + 75: exactly what there is
        assertThat(refused(limits, 1, NOON.plusSeconds(11)).retryAfter()).isEqualTo(59); // until the 25 have passed
        quota.settle(75, 0, NOON.plusSeconds(12));
        quota.reserve(limits, 75, NOON.plusSeconds(69));
        quota.reserve(limits, 25, NOON.plusSeconds(70));
    }

    @Test
    void whatIsStillBeingSaidCountsHoweverLongItTakes() {
        Limits limits = new Limits(0, 100, 0);
        quota.reserve(limits, 100, NOON);
        assertThat(refused(limits, 1, NOON.plusSeconds(600)).status()).isEqualTo(429);
        quota.settle(100, 80, NOON.plusSeconds(601));
        assertThat(refused(limits, 21, NOON.plusSeconds(660)).retryAfter()).isEqualTo(1);
        quota.reserve(limits, 21, NOON.plusSeconds(661));
    }

    @Test
    void aRequestThatCanNeverFitIsAMistake() {
        ApiException minute = refused(new Limits(0, 100, 0), 101, NOON);
        assertThat(minute.status()).isEqualTo(400);
        assertThat(minute.getMessage()).contains("101").contains("100");
        assertThat(refused(new Limits(0, 0, 50), 51, NOON).status()).isEqualTo(400);
    }

    @Test
    void aDayEndsAtMidnight() {
        Limits limits = new Limits(0, 0, 1_000);
        var restarted = new Quota(DAY, 900);
        ApiException full = catchThrowableOfType(ApiException.class, () -> restarted.reserve(limits, 101, NOON));
        assertThat(full.status()).isEqualTo(429);
        assertThat(full.code()).isEqualTo("quota_exceeded");
        assertThat(full.getMessage()).contains("900").contains("101").contains("1000");
        assertThat(full.retryAfter()).isEqualTo(12 * 3600 + 1);
        restarted.reserve(limits, 100, NOON);
        restarted.settle(100, 40, Instant.parse("2027-03-02T00:00:01Z")); // counts for the day on which it ended
        assertThat(restarted.used(Instant.parse("2027-03-02T00:00:02Z"))).isEqualTo(40);
        restarted.reserve(limits, 960, Instant.parse("2027-03-02T00:00:03Z"));
    }

    @Test
    void fiftyThreadsUseExactlyWhatThereIs() throws Exception {
        Limits limits = new Limits(3_000, 0, 100_000);
        AtomicLong used = new AtomicLong();
        AtomicLong admitted = new AtomicLong();
        CountDownLatch begin = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            Random random = new Random(i);
            threads.add(Thread.startVirtualThread(() -> {
                try {
                    begin.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                for (int j = 0; j < 200; j++) {
                    try {
                        quota.request(limits, NOON);
                        admitted.incrementAndGet();
                    } catch (ApiException refused) {
                        assertThat(refused.status()).isEqualTo(429);
                    }
                    long wanted = 1L + random.nextInt(50);
                    try {
                        quota.reserve(limits, wanted, NOON);
                    } catch (ApiException refused) {
                        continue;
                    }
                    long actual = random.nextLong(wanted + 1);
                    used.addAndGet(actual);
                    quota.settle(wanted, actual, NOON);
                }
            }));
        }
        begin.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(admitted.get()).isEqualTo(3_000);
        assertThat(quota.used(NOON)).isEqualTo(used.get()).isLessThanOrEqualTo(100_000);
        long left = 100_000 - used.get();
        quota.reserve(limits, left, NOON); // nothing is held back by calls that are over
        assertThatThrownBy(() -> quota.reserve(limits, 1, NOON)).isInstanceOf(ApiException.class);
    }

    private ApiException refused(Limits limits, long wanted, Instant now) {
        return catchThrowableOfType(ApiException.class, () -> quota.reserve(limits, wanted, now));
    }
}
