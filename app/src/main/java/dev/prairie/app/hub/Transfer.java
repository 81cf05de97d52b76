package dev.prairie.app.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.file.Files;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One file on its way. It goes on where it stopped, if the server still has the same version of it; it begins anew where
 * the server cannot, or the file has changed; it is tried again as long as something new comes. At the end it is what the
 * hub states, or it is not there.
 */
final class Transfer {
    private static final Pattern RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

    private static final int MOST_WRONG = 3;

    private final Http http;
    private final Retry retry;
    private final URI from;
    private final RemoteFile file;
    private final Part part;
    private final AtomicLong arrived = new AtomicLong();
    private volatile @Nullable Sink sink;
    private volatile boolean stopped;
    private int failures;
    private int wrong;
    private long best;

    Transfer(Http http, Retry retry, URI from, RemoteFile file, Part part) {
        this.http = http;
        this.retry = retry;
        this.from = from;
        this.file = file;
        this.part = part;
    }

    RemoteFile file() {
        return file;
    }

    /** Bytes that are here; falls where the file begins anew. */
    long arrived() {
        return arrived.get();
    }

    /** Tries again if nothing has come for too long. */
    void checkStalled() {
        Sink current = sink;
        if (current != null) current.checkStalled(retry.patience().toNanos());
    }

    /** Ends it soon, without another try; what has arrived stays for the next pull. */
    void stop() {
        stopped = true;
        Sink current = sink;
        if (current != null) current.stop();
    }

    /** Ends when the file is whole, right and in its place: with its SHA-256. */
    CompletableFuture<String> run() {
        CompletableFuture<Optional<String>> attempt;
        try {
            attempt = attempt();
        } catch (IOException e) {
            attempt = CompletableFuture.failedFuture(e);
        }
        return attempt.exceptionallyCompose(failure -> again(cause(failure)))
                .thenCompose(
                        done -> done.map(CompletableFuture::completedFuture).orElseGet(this::run));
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    /** The file's SHA-256 if that was it; empty to go on. */
    private CompletableFuture<Optional<String>> attempt() throws IOException {
        if (stopped) throw new IOException("stopped");
        // Of a pull that ended early for the sake of another file.
        if (file.sha256().isPresent()
                && Files.exists(part.whole())
                && file.sha256().get().equals(Part.sha256(part.whole()))) {
            arrived.set(Files.size(part.whole()));
            return CompletableFuture.completedFuture(file.sha256());
        }
        long have = part.size();
        if (file.size().isPresent() && have > file.size().getAsLong()) {
            part.discard();
            have = 0;
        }
        arrived.set(have);
        best = Math.max(best, have);
        if (have > 0 && file.size().isPresent() && have == file.size().getAsLong())
            return CompletableFuture.completedFuture(check(file.sha256()));
        Map<String, String> headers = new HashMap<>();
        // Compressed on the way, a range would be one of other bytes.
        headers.put("Accept-Encoding", "identity");
        if (have > 0) {
            headers.put("Range", "bytes=" + have + "-");
            String sender = part.version();
            if (!sender.isEmpty() && !sender.startsWith("W/")) headers.put("If-Range", sender);
        }
        long from0 = have;
        return http.follow(from, headers, info -> receive(info, from0)).thenCompose(this::answered);
    }

    /** Whether a body goes into the file; decides that before the first byte. */
    private BodySubscriber<Boolean> receive(ResponseInfo info, long have) {
        HttpHeaders headers = info.headers();
        try {
            if (info.statusCode() == 206) {
                Optional<long[]> range = range(headers);
                if (have > 0
                        && range.isPresent()
                        && range.get()[0] == have
                        && range.get()[1] == range.get()[2] - 1
                        && sameVersion(headers)) {
                    requireSize(range.get()[2]);
                    return open(range.get()[2] - have);
                }
                part.discard(); // not what was asked for: from the beginning, next time
            } else if (info.statusCode() == 200) {
                Optional<Long> length = headers.firstValue("Content-Length")
                        .filter(v -> v.matches("\\d{1,18}"))
                        .map(Long::parseLong);
                if (length.isPresent()) requireSize(length.get());
                else if (file.size().isEmpty())
                    throw new HubException(from + " does not say how long it is; do not use this hub");
                part.begin(headers.firstValue("ETag").orElse(""));
                arrived.set(0);
                return open(length.orElseGet(() -> file.size().orElseThrow()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(part.bytes() + " cannot be written", e);
        }
        return BodySubscribers.replacing(false);
    }

    // Where nothing names a version, the file's checksum will tell; without that either, nothing is gone on with.
    private boolean sameVersion(HttpHeaders headers) throws IOException {
        String ours = part.version();
        String theirs = headers.firstValue("ETag").orElse("");
        return (theirs.isEmpty() || ours.isEmpty()) ? file.sha256().isPresent() : theirs.equals(ours);
    }

    private static Optional<long[]> range(HttpHeaders headers) {
        Matcher matcher = RANGE.matcher(headers.firstValue("Content-Range").orElse(""));
        return matcher.matches()
                ? Optional.of(new long[] {
                    Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)), Long.parseLong(matcher.group(3))
                })
                : Optional.empty();
    }

    private void requireSize(long found) {
        if (file.size().isPresent() && file.size().getAsLong() != found)
            throw new HubException(from + " is " + found + " bytes long, the hub lists "
                    + file.size().getAsLong() + "; pull again, it may have changed meanwhile");
    }

    private Sink open(long most) throws IOException {
        var opened = new Sink(part.bytes(), most, arrived::addAndGet);
        sink = opened;
        return opened;
    }

    private CompletableFuture<Optional<String>> answered(Http.Arrival<Boolean> arrival) {
        try {
            if (arrival.body()) {
                // A hub's own tag of a large file is its SHA-256; that of another host is what it likes.
                Optional<String> linked = arrival.stated("X-Linked-Etag")
                        .or(() -> arrival.passed().isEmpty() ? arrival.stated("ETag") : Optional.empty())
                        .map(t -> t.replace("\"", ""))
                        .filter(t -> t.matches("[0-9a-f]{64}"));
                Optional<String> size = arrival.stated("X-Linked-Size").filter(v -> v.matches("\\d{1,18}"));
                if (size.isPresent() && Long.parseLong(size.get()) != Files.size(part.bytes()))
                    throw new IOException(
                            "the hub states " + size.get() + " bytes, " + Files.size(part.bytes()) + " came");
                return CompletableFuture.completedFuture(check(file.sha256().or(() -> linked)));
            }
            if (arrival.status() == 416) part.discard();
            else if (arrival.status() != 200 && arrival.status() != 206 && !Retry.later(arrival.status()))
                throw http.refused(from, arrival.status());
            if (++failures >= retry.attempts()) throw http.refused(from, arrival.status());
            return pause(retry.after(failures, arrival.headers()));
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** The file that has arrived, if it is the right one: into its place. */
    private Optional<String> check(Optional<String> stated) throws IOException {
        String found = Part.sha256(part.bytes());
        if (stated.isPresent() && !stated.get().equals(found)) {
            part.discard();
            best = 0;
            String what = "its sha256 is " + found + ", the hub states " + stated.get();
            if (++wrong == MOST_WRONG)
                throw new HubException(from + " did not arrive right " + wrong + " times: " + what
                        + "; pull again later, or do not use this hub");
            throw new IOException(what);
        }
        part.finish();
        return Optional.of(found);
    }

    private CompletableFuture<Optional<String>> again(Throwable failure) {
        // Refused for good; or a fault of ours.
        if (stopped || !(failure instanceof IOException)) return CompletableFuture.failedFuture(failure);
        try {
            long have = part.size();
            if (have > best) failures = 0;
            best = Math.max(best, have);
        } catch (IOException unreadable) {
            return CompletableFuture.failedFuture(unreadable);
        }
        if (++failures >= retry.attempts())
            return CompletableFuture.failedFuture(new HubException(
                    from + " did not arrive: " + failure.getMessage() + "; pull again to go on where it stopped",
                    failure));
        return pause(retry.after(failures));
    }

    private static CompletableFuture<Optional<String>> pause(Duration duration) {
        return CompletableFuture.supplyAsync(
                Optional::empty, CompletableFuture.delayedExecutor(duration.toMillis(), TimeUnit.MILLISECONDS));
    }
}
