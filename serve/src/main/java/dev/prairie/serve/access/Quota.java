package dev.prairie.serve.access;

import dev.prairie.serve.api.ApiException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;

/**
 * What one key has used of its limits. What is set aside counts until it is settled, and what was used counts from then
 * on, so that no 60 seconds and no day have more than the limit, however many calls there are at once.
 */
final class Quota {
    /** What to wait for answers of one's own to end, when it is they that are in the way. */
    private static final long AWHILE = 5;

    private final Window requests = new Window();
    private final Window tokens = new Window();
    private long reserved;
    private LocalDate day;
    private long used; // on that day

    /** @param used tokens that were settled on that day before */
    Quota(LocalDate day, long used) {
        this.day = day;
        this.used = used;
    }

    /** Counts a request. */
    synchronized void request(Limits limits, Instant now) {
        long nanos = nanos(now);
        long most = limits.requestsPerMinute();
        long made = requests.sum(nanos);
        if (most > 0 && made + 1 > most) {
            throw ApiException.tooMuch(
                    "rate_limit_exceeded",
                    "requests per minute: " + made + " were made, and this key may make " + most,
                    seconds(requests.until(nanos, made + 1 - most)));
        }
        if (most > 0) {
            requests.add(nanos, 1);
        }
    }

    /** Sets tokens aside. */
    synchronized void reserve(Limits limits, long wanted, Instant now) {
        turn(now);
        minute(limits.tokensPerMinute(), wanted, nanos(now));
        today(limits.tokensPerDay(), wanted, now);
        reserved += wanted;
    }

    private void minute(long most, long wanted, long nanos) {
        if (most == 0) {
            return;
        }
        impossible("tokens per minute", most, wanted);
        long settled = tokens.sum(nanos);
        long over = settled + reserved + wanted - most;
        if (over > 0) {
            throw ApiException.tooMuch(
                    "rate_limit_exceeded",
                    "tokens per minute: " + (settled + reserved) + " are used or set aside and " + wanted
                            + " more may be needed, but this key may use " + most,
                    over <= settled ? seconds(tokens.until(nanos, over)) : AWHILE);
        }
    }

    private void today(long most, long wanted, Instant now) {
        if (most == 0) {
            return;
        }
        impossible("tokens per day", most, wanted);
        if (used + reserved + wanted > most) {
            Instant midnight = day.plusDays(1).atTime(LocalTime.MIN).toInstant(ZoneOffset.UTC);
            throw ApiException.tooMuch(
                    "quota_exceeded",
                    "tokens per day: " + (used + reserved) + " are used or set aside today (UTC) and " + wanted
                            + " more may be needed, but this key may use " + most,
                    used + wanted <= most ? AWHILE : Math.max(1, ChronoUnit.SECONDS.between(now, midnight) + 1));
        }
    }

    /** Waiting would not help. */
    private static void impossible(String name, long most, long wanted) {
        if (wanted > most) {
            throw ApiException.refused(
                    400,
                    "limit_exceeded",
                    name + ": this request may need " + wanted + " tokens, prompt and answer together, and this key"
                            + " may use " + most + "; ask for fewer");
        }
    }

    /** What was set aside is no longer, and what was used of it is. */
    synchronized void settle(long wanted, long actual, Instant now) {
        turn(now);
        reserved -= wanted;
        used += actual;
        tokens.sum(nanos(now)); // lets go of what has passed, also for a key without that limit
        tokens.add(nanos(now), actual);
    }

    /** Tokens settled today. */
    synchronized long used(Instant now) {
        turn(now);
        return used;
    }

    private void turn(Instant now) {
        LocalDate today = LocalDate.ofInstant(now, ZoneOffset.UTC);
        if (today.isAfter(day)) {
            day = today;
            used = 0;
        }
    }

    private static long nanos(Instant now) {
        return Math.addExact(Math.multiplyExact(now.getEpochSecond(), 1_000_000_000L), now.getNano());
    }

    private static long seconds(long nanos) {
        return Math.max(1, Math.ceilDiv(nanos, 1_000_000_000L));
    }
}
