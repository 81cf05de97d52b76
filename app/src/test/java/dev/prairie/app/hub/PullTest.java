package dev.prairie.app.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against a hub that cuts, lies, corrupts, refuses and leads astray. */
@Timeout(60)
class PullTest {
    private static final ModelName MODEL = ModelName.of("team/model");
    private static final Retry QUICK =
            new Retry(4, Duration.ofMillis(5), Duration.ofMillis(20), Duration.ofMillis(1500));
    private static final String WEIGHTS = "model.safetensors";
    private static final long PLENTY = 1L << 40;

    private final LocalHub hub = new LocalHub();

    @TempDir
    Path home;

    private ModelStore store;
    private byte[] weights;

    @BeforeEach
    void fill() {
        store = new ModelStore(home.resolve("models"));
        weights = random(300_000, 1);
        hub.files.put("config.json", "{}".getBytes(StandardCharsets.UTF_8));
        hub.files.put("tokenizer.json", "{\"a\": 1}".getBytes(StandardCharsets.UTF_8));
        hub.files.put(WEIGHTS, weights);
        hub.files.put("pytorch_model.bin", random(1000, 2));
        hub.files.put("onnx/model.onnx", random(1000, 3));
        hub.files.put("README.md", random(100, 4));
    }

    @AfterEach
    void close() {
        hub.close();
    }

    private static byte[] random(int n, long seed) {
        byte[] bytes = new byte[n];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private StoredModel pull() {
        return pull(MODEL, Optional.empty());
    }

    private StoredModel pull(ModelName model, Optional<String> token) {
        var address = new HubAddress(hub.base(), List.of(HubKind.values()), token);
        return new Pull(store, address, QUICK, folder -> PLENTY).run(model, Optional.empty(), (b, t, c) -> {});
    }

    private byte[] pulled(String path) throws IOException {
        return Files.readAllBytes(store.folder(MODEL).resolve(path));
    }

    private void nothingIsThere() throws IOException {
        assertThat(store.list()).isEmpty();
        if (!Files.exists(store.folder(MODEL))) return;
        try (Stream<Path> inside = Files.list(store.folder(MODEL))) {
            assertThat(inside.map(p -> p.getFileName().toString())).isSubsetOf(".pull");
        }
    }

    private void refused(String... parts) throws IOException {
        assertThatThrownBy(this::pull)
                .isInstanceOf(HubException.class)
                .hasMessageContainingAll(parts)
                .hasMessageContaining("; ");
        nothingIsThere();
    }

    @Test
    void whatIsNeededToRunArrivesAndNothingElse() throws IOException {
        StoredModel stored = pull();

        assertThat(stored.files())
                .extracting(StoredModel.File::path)
                .containsExactly("config.json", WEIGHTS, "tokenizer.json");
        assertThat(pulled(WEIGHTS)).isEqualTo(weights);
        assertThat(stored.files().get(1).sha256()).isEqualTo(LocalHub.sha256(weights));
        assertThat(store.list()).containsExactly(stored);
        assertThat(store.path(MODEL)).isEqualTo(store.folder(MODEL));
        assertThat(store.folder(MODEL).resolve(".pull")).doesNotExist();
        assertThat(hub.fileRequests()).hasSize(3);
    }

    @Test
    void whatIsHereIsNotFetchedAgainAndWhatChangedIs() throws IOException {
        pull();
        hub.files.put(WEIGHTS, random(300_000, 9));
        hub.requests.clear();

        pull();

        assertThat(hub.fileRequests()).hasSize(1);
        assertThat(pulled(WEIGHTS)).isEqualTo(random(300_000, 9));
    }

    @Test
    void cutConnectionGoesOnWhereItStopped() throws IOException {
        hub.next(WEIGHTS, LocalHub.cutAfter(100_000));

        pull();

        assertThat(pulled(WEIGHTS)).isEqualTo(weights);
        assertThat(hub.fileRequests().stream().flatMap(r -> r.header("Range").stream()))
                .hasSize(1)
                .allSatisfy(range -> assertThat(range).matches("bytes=[1-9]\\d*-"));
    }

    @Test
    void endedPullGoesOnInTheNext() throws IOException {
        var once = new Retry(1, Duration.ofMillis(1), Duration.ofMillis(1), Duration.ofSeconds(5));
        hub.next(WEIGHTS, LocalHub.cutAfter(200_000));
        var address = new HubAddress(hub.base(), List.of(HubKind.HUGGING_FACE), Optional.empty());
        assertThatThrownBy(
                        () -> new Pull(store, address, once, f -> PLENTY).run(MODEL, Optional.empty(), (b, t, c) -> {}))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("pull again to go on");
        nothingIsThere();
        assertThatThrownBy(() -> store.require(MODEL)).hasMessageContaining("finish it with prairie pull team/model");
        hub.requests.clear();

        pull();

        assertThat(pulled(WEIGHTS)).isEqualTo(weights);
        assertThat(hub.fileRequests()).anyMatch(r -> r.header("Range").isPresent());
    }

    @Test
    void serverWithoutRangesSendsAllAgain() throws IOException {
        hub.ignoresRanges = true;
        hub.next(WEIGHTS, LocalHub.cutAfter(100_000));

        pull();

        assertThat(pulled(WEIGHTS)).isEqualTo(weights);
    }

    @Test
    void serverThatAlwaysCutsAtTheSamePlaceIsGivenUp() throws IOException {
        LocalHub.Fault cut = LocalHub.cutAfter(100_000);
        hub.next(WEIGHTS, cut, cut, cut, cut, cut, cut, cut, cut);

        refused("did not arrive", "pull again");
    }

    @Test
    void fileThatChangesMeanwhileIsNeverMixed() throws IOException {
        byte[] other = random(300_000, 7);
        hub.statesChecksums = false;
        hub.next(WEIGHTS, (exchange, content) -> {
            LocalHub.cutAfter(100_000).answer(exchange, content);
            hub.files.put(WEIGHTS, other);
        });

        pull();

        assertThat(pulled(WEIGHTS)).isEqualTo(other);
    }

    @Test
    void partOfAnotherVersionIsNotAppended() throws IOException {
        byte[] other = random(300_000, 7);
        hub.statesChecksums = false;
        hub.next(
                WEIGHTS,
                (exchange, content) -> {
                    LocalHub.cutAfter(100_000).answer(exchange, content);
                    hub.files.put(WEIGHTS, other);
                },
                (exchange, content) -> { // does not know If-Range
                    exchange.getResponseHeaders().set("ETag", "\"another\"");
                    int at = Integer.parseInt(
                            exchange.getRequestHeaders().getFirst("Range").replaceAll("\\D", ""));
                    LocalHub.part(exchange, content, at);
                });

        pull();

        assertThat(pulled(WEIGHTS)).isEqualTo(other);
    }

    @Test
    void partFromAnotherPlaceIsNotAppended() throws IOException {
        hub.statesChecksums = false;
        hub.next(WEIGHTS, LocalHub.cutAfter(100_000), (exchange, content) -> {
            exchange.getResponseHeaders().set("ETag", LocalHub.tag(content));
            LocalHub.part(exchange, content, 5);
        });

        pull();

        assertThat(pulled(WEIGHTS)).isEqualTo(weights);
    }

    @Test
    void wrongBitIsFoundAndFetchedAgain() throws IOException {
        hub.next(WEIGHTS, hub.corrupt());

        pull();

        assertThat(pulled(WEIGHTS)).isEqualTo(weights);
    }

    @Test
    void wrongBitEveryTimeIsAnErrorWithBothSums() throws IOException {
        hub.next(WEIGHTS, hub.corrupt(), hub.corrupt(), hub.corrupt(), hub.corrupt());

        refused("sha256", LocalHub.sha256(weights), "do not use this hub");
    }

    @Test
    void checksumOfARedirectCountsToo() throws IOException {
        hub.hasTree = false; // the list states neither size nor sum
        try (var elsewhere = new LocalHub()) {
            byte[] wrong = weights.clone();
            wrong[17] ^= 4;
            elsewhere.files.put(WEIGHTS, wrong);
            LocalHub.Fault led = LocalHub.redirect(
                    elsewhere.base() + "/team/model/resolve/main/" + WEIGHTS,
                    Map.of("X-Linked-Etag", "\"" + LocalHub.sha256(weights) + "\"", "X-Linked-Size", "300000"));
            hub.next(WEIGHTS, led, led, led, led, led);

            refused("sha256", LocalHub.sha256(weights), LocalHub.sha256(wrong));
        }
    }

    @Test
    void hubThatListsNamesAloneServes() throws IOException {
        hub.hasTree = false;

        pull();

        assertThat(pulled(WEIGHTS)).isEqualTo(weights);
    }

    @Test
    void lengthsThatDisagreeAreAnError() throws IOException {
        hub.listing(text -> text.replace("300000", "300001"));

        refused("300000", "300001");
    }

    @Test
    void moreThanWasListedIsNotWritten() throws IOException {
        hub.statesChecksums = false;
        LocalHub.Fault endless = (exchange, content) -> {
            exchange.sendResponseHeaders(200, 0); // in pieces, of unknown length
            for (int i = 0; i < 100; i++) exchange.getResponseBody().write(content);
        };
        hub.next(WEIGHTS, endless, endless, endless, endless, endless);

        refused("more than the announced 300000 bytes");
    }

    @Test
    void lessThanWasListedIsNotEnough() throws IOException {
        hub.statesChecksums = false;
        hub.next(WEIGHTS, (exchange, content) -> {
            exchange.sendResponseHeaders(200, 0); // in pieces, of unknown length, and rightly ended
            exchange.getResponseBody().write(content, 0, 1000);
            exchange.getResponseBody().close();
        });

        pull();

        assertThat(pulled(WEIGHTS)).isEqualTo(weights);
    }

    @Test
    void whatHasArrivedBeforeAnotherFailedIsKept() throws IOException {
        for (int i = 0; i < 3; i++) hub.next("config.json", LocalHub.status(503));
        hub.next("config.json", LocalHub.status(404)); // by now the others are here
        refused("(404)");
        hub.requests.clear();

        pull();

        assertThat(hub.fileRequests()).extracting(LocalHub.Request::target).allMatch(r -> r.endsWith("config.json"));
    }

    @Test
    @Timeout(20)
    void silenceIsNotWaitedForLong() throws IOException {
        hub.next(WEIGHTS, (exchange, content) -> {
            LocalHub.cutAfter(1000).answer(exchange, content);
            try {
                Thread.sleep(40_000);
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });

        pull();

        assertThat(pulled(WEIGHTS)).isEqualTo(weights);
    }

    @Test
    void busyServersAreAskedAgain() throws IOException {
        hub.next("list", LocalHub.status(503));
        hub.next(WEIGHTS, LocalHub.status(429), LocalHub.status(500), LocalHub.cutAfter(10));

        pull();

        assertThat(pulled(WEIGHTS)).isEqualTo(weights);
    }

    @Test
    void serverThatStaysBusyIsGivenUp() throws IOException {
        LocalHub.Fault busy = LocalHub.status(503);
        hub.next(WEIGHTS, busy, busy, busy, busy, busy);

        refused("503");
    }

    @Test
    void refusalSaysWhatToDo() throws IOException {
        hub.next("list", LocalHub.status(401));
        refused("(401)", "PRAIRIE_HUB_TOKEN");

        hub.next("config.json", LocalHub.status(403));
        refused("(403)");

        hub.next("config.json", LocalHub.status(404));
        refused("(404)", "does not exist");
    }

    @Test
    void unknownModelIsSaid() {
        assertThatThrownBy(() -> pull(ModelName.of("team/nothing"), Optional.empty()))
                .isInstanceOf(HubException.class)
                .hasMessageContainingAll("has no model team/nothing", "check the name");
    }

    @Test
    void listThatIsNoListIsSaid() throws IOException {
        hub.listing(text -> "<html>");

        refused("no JSON");
    }

    @Test
    void tokenGoesToTheHubAndNowhereElse() throws IOException {
        try (var elsewhere = new LocalHub()) {
            elsewhere.files.putAll(hub.files);
            hub.next(WEIGHTS, LocalHub.redirect(elsewhere.base() + "/team/model/resolve/main/" + WEIGHTS, Map.of()));

            pull(MODEL, Optional.of("secret"));

            assertThat(pulled(WEIGHTS)).isEqualTo(weights);
            assertThat(hub.requests)
                    .allSatisfy(r -> assertThat(r.header("Authorization")).hasValue("Bearer secret"));
            assertThat(elsewhere.requests).hasSize(1);
            assertThat(elsewhere.requests.getFirst().header("Authorization")).isEmpty();
        }
    }

    @Test
    void redirectsThatNeverEndAreGivenUp() throws IOException {
        LocalHub.Fault circle = LocalHub.redirect("/team/model/resolve/main/" + WEIGHTS, Map.of());
        for (int i = 0; i < 30; i++) hub.next(WEIGHTS, circle);

        refused("redirects without end");
    }

    @Test
    void pathsThatLeadOutAreRefused() throws IOException {
        for (String path : List.of("../evil", "/etc/evil", "a/../../evil", "a\\\\..\\\\evil", "C:evil", "")) {
            hub.listing(text -> text.replace("\"" + WEIGHTS + "\"", "\"" + path + "\""));
            refused("lists a file", "no path inside a model");
        }
        assertThat(hub.fileRequests()).isEmpty();
    }

    @Test
    void namesOfOursAreRefused() {
        hub.files.put(StoredModel.NAME, "{}".getBytes(StandardCharsets.UTF_8));

        assertThatThrownBy(() -> pull(ModelName.of("team/model:" + StoredModel.NAME), Optional.empty()))
                .hasMessageContaining("Prairie's own");
    }

    @Test
    void fullDiskIsNoticedBefore() throws IOException {
        var address = new HubAddress(hub.base(), List.of(HubKind.HUGGING_FACE), Optional.empty());

        assertThatThrownBy(
                        () -> new Pull(store, address, QUICK, f -> 1000).run(MODEL, Optional.empty(), (b, t, c) -> {}))
                .isInstanceOf(HubException.class)
                .hasMessageContainingAll("1 kB free", "300 kB are to come", "PRAIRIE_HOME");
        assertThat(hub.fileRequests()).isEmpty();
        nothingIsThere();
    }

    @Test
    void modelScopeServesToo() throws IOException {
        hub.huggingFace = false;
        hub.next(WEIGHTS, LocalHub.cutAfter(100_000), hub.corrupt());

        StoredModel stored = pull();

        assertThat(stored.revision()).isEqualTo("master");
        assertThat(pulled(WEIGHTS)).isEqualTo(weights);
        assertThat(pulled("config.json")).isEqualTo("{}".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void partsOfAGgufArriveTogether() throws IOException {
        hub.files.clear();
        for (int i = 1; i <= 2; i++) hub.files.put("m-Q4_K_M-0000" + i + "-of-00002.gguf", random(5000, i));
        hub.files.put("m-Q8_0.gguf", random(5000, 3));

        refused("m-Q4_K_M.gguf, m-Q8_0.gguf", ":Q4_K_M");
        StoredModel stored = pull(ModelName.of("team/model:q4_k_m"), Optional.empty());

        assertThat(stored.files())
                .extracting(StoredModel.File::path)
                .containsExactly("m-Q4_K_M-00001-of-00002.gguf", "m-Q4_K_M-00002-of-00002.gguf");
        assertThat(store.path(MODEL)).hasFileName("m-Q4_K_M-00001-of-00002.gguf");

        pull(ModelName.of("team/model:m-Q8_0.gguf"), Optional.empty());

        assertThat(store.require(MODEL).files()).hasSize(3);
        assertThat(store.path(ModelName.of("team/model:Q8_0"))).hasFileName("m-Q8_0.gguf");
        assertThatThrownBy(() -> store.path(MODEL)).hasMessageContaining("choose one");
        assertThatThrownBy(() -> store.path(ModelName.of("team/model:Q2_K"))).hasMessageContaining("prairie pull");
    }

    @Test
    void removedModelIsGone() throws IOException {
        pull();

        store.remove(MODEL);

        assertThat(store.list()).isEmpty();
        assertThat(store.folder().resolve("team")).doesNotExist();
        assertThatThrownBy(() -> store.remove(MODEL)).hasMessageContaining("no model team/model is here");
    }

    @Test
    void progressReachesTheTotal() {
        List<Long> seen = new ArrayList<>();
        var address = new HubAddress(hub.base(), List.of(HubKind.HUGGING_FACE), Optional.empty());
        long total = weights.length + 2L + 8;

        new Pull(store, address, QUICK, f -> PLENTY).run(MODEL, Optional.empty(), (bytes, all, current) -> {
            assertThat(all).isEqualTo(total);
            seen.add(bytes);
        });

        assertThat(seen.getLast()).isEqualTo(total);
    }
}
