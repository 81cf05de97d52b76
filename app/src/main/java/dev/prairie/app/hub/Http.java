package dev.prairie.app.hub;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscribers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;

/**
 * Requests to one hub and to where it sends us. Redirects are followed here and not by the client, since the token must
 * not go to another host and what began encrypted must stay so. The client's own threads, which end with it, do the
 * waiting; no other is started.
 */
final class Http implements AutoCloseable {
    private static final int MOST_REDIRECTS = 10;
    private static final int LARGEST_LIST = 64 << 20;

    private final HubAddress hub;
    private final Retry retry;
    private final HttpClient client = HttpClient.newBuilder()
            .followRedirects(HttpClient.Redirect.NEVER)
            // A connection each, so that files that arrive at once do not share one.
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(20))
            .build();

    Http(HubAddress hub, Retry retry) {
        this.hub = hub;
        this.retry = retry;
    }

    /** A short answer. */
    record Reply(byte[] body, HttpHeaders headers) {
        Optional<String> header(String name) {
            return headers.firstValue(name);
        }
    }

    /**
     * Asks for something short, until it is there; empty where the hub knows nothing of it.
     *
     * @throws HubException if it is refused, or not to be had
     */
    Optional<Reply> get(URI uri) {
        for (int failures = 1; ; failures++) {
            Duration pause;
            try {
                Arrival<byte[]> arrival = join(follow(
                        uri, Map.of(), info -> BodySubscribers.limiting(BodySubscribers.ofByteArray(), LARGEST_LIST)));
                int status = arrival.status();
                if (status == 200) return Optional.of(new Reply(arrival.body(), arrival.headers()));
                if (status == 404) return Optional.empty();
                if (!Retry.later(status) || failures == retry.attempts()) throw refused(uri, status);
                pause = retry.after(failures, arrival.headers());
            } catch (IOException e) {
                if (failures == retry.attempts())
                    throw new HubException(
                            uri + " cannot be read (" + e + "); check the network and the address of the hub", e);
                pause = retry.after(failures);
            }
            sleep(pause);
        }
    }

    private static void sleep(Duration pause) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException("interrupted; pull again to go on", e);
        }
    }

    private static <T> T join(CompletableFuture<T> future) throws IOException {
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IOException io) throw io;
            if (e.getCause() instanceof HubException hub) throw hub;
            throw e;
        }
    }

    /**
     * What came.
     *
     * @param passed headers of the redirects before it
     */
    record Arrival<T>(int status, HttpHeaders headers, T body, List<HttpHeaders> passed) {
        /** What the redirects said; a hub says there what its file is, whoever sends it then. */
        Optional<String> stated(String name) {
            return Stream.concat(passed.stream(), Stream.of(headers))
                    .flatMap(h -> h.firstValue(name).stream())
                    .findFirst();
        }
    }

    /** Asks, and follows redirects; {@code handler} gets to see the last answer alone. */
    <T> CompletableFuture<Arrival<T>> follow(URI uri, Map<String, String> headers, BodyHandler<T> handler) {
        return follow(uri, headers, handler, List.of());
    }

    private <T> CompletableFuture<Arrival<T>> follow(
            URI uri, Map<String, String> headers, BodyHandler<T> handler, List<HttpHeaders> passed) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri).timeout(retry.patience()).header("User-Agent", "prairie");
        headers.forEach(request::header);
        hub.token()
                .filter(t -> sameHost(uri, hub.base()))
                .ifPresent(t -> request.header("Authorization", "Bearer " + t));
        BodyHandler<Optional<T>> last = info -> redirects(info.statusCode(), info.headers())
                ? BodySubscribers.replacing(Optional.empty())
                : BodySubscribers.mapping(handler.apply(info), Optional::of);
        return client.sendAsync(request.build(), last).thenCompose(response -> {
            HttpHeaders received = response.headers();
            if (!redirects(response.statusCode(), received))
                return CompletableFuture.completedFuture(new Arrival<>(
                        response.statusCode(), received, response.body().orElseThrow(), passed));
            if (passed.size() == MOST_REDIRECTS)
                throw new HubException(uri + " redirects without end; check the address of the hub");
            URI to = target(uri, received.firstValue("Location").orElseThrow());
            return follow(
                    to,
                    headers,
                    handler,
                    Stream.concat(passed.stream(), Stream.of(received)).toList());
        });
    }

    private static boolean redirects(int status, HttpHeaders headers) {
        return status >= 300
                && status < 400
                && status != 304
                && headers.firstValue("Location").isPresent();
    }

    /** Where a redirect leads, if it may be followed. */
    static URI target(URI from, String location) {
        URI to;
        try {
            to = from.resolve(location);
        } catch (IllegalArgumentException none) {
            throw new HubException(from + " redirects to '" + location + "', which is no address; check the hub", none);
        }
        boolean web = "http".equals(to.getScheme()) || "https".equals(to.getScheme());
        if (!web || to.getHost() == null)
            throw new HubException(from + " redirects to " + to + ", which is nothing to fetch from; check the hub");
        if ("https".equals(from.getScheme()) && !"https".equals(to.getScheme()))
            throw new HubException(from + " redirects to " + to + ", which is not encrypted; do not use this hub");
        return to;
    }

    private static boolean sameHost(URI a, URI b) {
        return a.getScheme().equals(b.getScheme()) && a.getHost().equalsIgnoreCase(b.getHost()) && port(a) == port(b);
    }

    private static int port(URI uri) {
        if (uri.getPort() >= 0) return uri.getPort();
        return "https".equals(uri.getScheme()) ? 443 : 80;
    }

    /** Why a status is no answer. */
    HubException refused(URI uri, int status) {
        return switch (status) {
            case 401, 403 ->
                new HubException(uri + " is refused (" + status + "); "
                        + (hub.token().isPresent()
                                ? "this token may not read it: some models want their terms accepted on the hub's page"
                                        + " first"
                                : "set PRAIRIE_HUB_TOKEN (or HF_TOKEN for Hugging Face) to a token that may read it"));
            case 404 -> new HubException(uri + " does not exist (404); check the name, the file and --revision");
            case 429 -> new HubException(uri + " was asked too often (429); try again later, or with a token");
            default -> new HubException(uri + " answers with status " + status + "; try again later");
        };
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
