package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.EngineConfig;
import dev.prairie.serve.engine.EngineStats;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.text.tokenizer.CharacterTokenizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Many clients at once, with a model that computes: those who leave at any moment, and more than there is room for. */
@SuppressWarnings("NullAway.Init") // every test begins with a server of its own
final class CrowdTest {
    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz ";

    private Arena arena;
    private Device device;
    private Engine engine;
    private Server server;

    @BeforeEach
    void start() {
        arena = Arena.ofShared();
        device = Devices.probe().choose(Optional.empty()).provider().open(2);
        var tokenizer = CharacterTokenizer.learn(List.of(LETTERS), List.of());
        var config = TransformerConfig.llama(tokenizer.vocabularySize(), 512, 4, 256, 8, 4, 512, true);
        var model = new ServedModel("crowded", Transformer.initialise(config, arena, 1), tokenizer, device.kernels());
        engine = new Engine(
                model,
                EngineConfig.DEFAULT
                        .withSequences(8)
                        .withQueue(4, 1 << 16)
                        .withBlock(16)
                        .withCacheBytes(16 << 20));
        server = new Server(ServerConfig.local(0), engine).start();
    }

    @AfterEach
    void stop() {
        server.close();
        engine.close();
        device.close();
        arena.close();
    }

    @Test
    void thoseWhoLeaveLeaveNothingBehind() throws Exception {
        comeAndGo(60, Duration.ofSeconds(4));
    }

    @Test
    @Tag("soak")
    void aThousandWhoLeaveForFiveMinutesLeaveNothingBehind() throws Exception {
        comeAndGo(1_000, Duration.ofMinutes(5));
    }

    @Test
    void withTenTimesTheLoadOnlySomeAreTurnedAway() throws Exception {
        overload(Duration.ofSeconds(1));
    }

    @Test
    @Tag("soak")
    void withTenTimesTheLoadWhoIsAdmittedWaitsAtMostTwiceAsLong() throws Exception {
        overload(Duration.ofSeconds(20)); // to warm up
        List<Double> percentiles = overload(Duration.ofSeconds(20));
        System.out.printf(
                "p99 of one client alone: %.0f ms, of 8 on 8 streams: %.0f ms, of those admitted among 80: %.0f ms%n",
                percentiles.get(0), percentiles.get(1), percentiles.get(2));
        assertThat(percentiles.get(2)).isLessThan(2 * percentiles.get(1));
    }

    // ---- coming and going ----------------------------------------------------------------------------------------

    private void comeAndGo(int clients, Duration length) throws Exception {
        crowd(clients, Duration.ofSeconds(2), 200, this::visit); // what is opened once is open now
        settle();
        int threads = Thread.getAllStackTraces().size();
        long files = files();
        AtomicInteger visits = crowd(clients, length, 200, this::visit);
        settle();
        EngineStats stats = engine.stats();
        System.out.printf(
                "%d visits: %d tokens, blocks %d, threads %d → %d, files %d → %d%n",
                visits.get(),
                stats.completionTokens(),
                stats.usedBlocks(),
                threads,
                Thread.getAllStackTraces().size(),
                files,
                files());
        assertThat(visits.get()).isGreaterThan(clients);
        assertThat(stats.completionTokens()).isPositive();
        assertThat(stats.running()).isZero();
        assertThat(stats.waiting()).isZero();
        assertThat(stats.usedBlocks()).isZero();
        assertThat(Thread.getAllStackTraces()).hasSizeLessThanOrEqualTo(threads + 4); // pools breathe
        assertThat(files()).isLessThanOrEqualTo(files + 8);
        assertThat(ask(4).status).isEqualTo(200);
    }

    /** One client: says little or much, and hears it out or does not. */
    private void visit(SplittableRandom random) throws IOException, InterruptedException {
        switch (random.nextInt(5)) {
            case 0 -> ask(1 + random.nextInt(60));
            case 1 -> { // hangs up before it has said what it wants
                try (Socket socket = connect()) {
                    socket.getOutputStream()
                            .write(request(10, false)
                                    .substring(0, 40 + random.nextInt(60))
                                    .getBytes(StandardCharsets.UTF_8));
                }
            }
            default -> { // hangs up in the middle of its answer, or before it begins
                try (Socket socket = connect()) {
                    OutputStream out = socket.getOutputStream();
                    out.write(request(1 + random.nextInt(300), true).getBytes(StandardCharsets.UTF_8));
                    out.flush();
                    var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
                    for (int lines = random.nextInt(40); lines > 0 && in.readLine() != null; lines--) {}
                    socket.setSoLinger(random.nextBoolean(), 0);
                }
            }
        }
    }

    private interface Visit {
        void to(SplittableRandom random) throws IOException, InterruptedException;
    }

    /** @param pause milliseconds between visits, at most */
    private static AtomicInteger crowd(int clients, Duration length, int pause, Visit visit)
            throws InterruptedException {
        long end = System.nanoTime() + length.toNanos();
        AtomicInteger visits = new AtomicInteger();
        List<Callable<Void>> everybody = new ArrayList<>();
        try (ExecutorService all = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int c = 0; c < clients; c++) {
                var random = new SplittableRandom(c);
                everybody.add(() -> {
                    while (System.nanoTime() < end) {
                        try {
                            visit.to(random);
                        } catch (IOException e) {
                            // the server may hang up on one who does not say what he wants
                        }
                        visits.incrementAndGet();
                        Thread.sleep(random.nextInt(pause + 1));
                    }
                    return null;
                });
            }
            for (Future<Void> each : all.invokeAll(everybody)) {
                assertThat(each.state()).isEqualTo(Future.State.SUCCESS);
            }
        }
        return visits;
    }

    private void settle() throws InterruptedException {
        for (int i = 0; i < 400; i++) {
            EngineStats stats = engine.stats();
            if (stats.running() == 0 && stats.waiting() == 0 && stats.usedBlocks() == 0) {
                break;
            }
            Thread.sleep(25);
        }
        Thread.sleep(1_500); // for sockets to close
    }

    private static long files() throws IOException {
        Path open = Path.of("/proc/self/fd");
        if (!Files.isDirectory(open)) {
            return 0;
        }
        try (Stream<Path> all = Files.list(open)) {
            return all.count();
        }
    }

    // ---- too many ------------------------------------------------------------------------------------------------

    /**
     * The 99th percentile of answers in milliseconds: with one client, with one for every stream, and with ten times as many.
     * Whoever is answered asks again at once.
     */
    private List<Double> overload(Duration length) throws InterruptedException {
        List<Double> percentiles = new ArrayList<>();
        for (int clients : new int[] {1, 8, 80}) {
            ConcurrentLinkedQueue<Integer> statuses = new ConcurrentLinkedQueue<>();
            ConcurrentLinkedQueue<Double> millis = new ConcurrentLinkedQueue<>();
            crowd(clients, length, 0, random -> {
                Answered answered = ask(40);
                statuses.add(answered.status);
                if (answered.status == 200) {
                    millis.add(answered.millis);
                } else {
                    Thread.sleep(300 + random.nextInt(400)); // as a client that heeds Retry-After, but in a hurry
                }
            });
            assertThat(statuses).isNotEmpty().allMatch(status -> status == 200 || status == 429);
            if (clients > 8) {
                assertThat(statuses).contains(429);
            }
            List<Double> sorted = new ArrayList<>(millis);
            Collections.sort(sorted);
            percentiles.add(sorted.get((int) Math.ceil(sorted.size() * 0.99) - 1));
        }
        return percentiles;
    }

    // ---- HTTP ----------------------------------------------------------------------------------------------------

    private record Answered(int status, double millis) {}

    private Answered ask(int tokens) throws IOException {
        long began = System.nanoTime();
        try (Socket socket = connect()) {
            OutputStream out = socket.getOutputStream();
            out.write(request(tokens, false).getBytes(StandardCharsets.UTF_8));
            out.flush();
            var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            String status = in.readLine();
            while (in.readLine() != null) {}
            double millis = (System.nanoTime() - began) / 1e6;
            return new Answered(status == null ? 0 : Integer.parseInt(status.split(" ", 3)[1]), millis);
        }
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(60));
        return socket;
    }

    private static String request(int tokens, boolean stream) {
        String body = "{\"model\": \"crowded\", \"prompt\": \"who is there\", \"max_tokens\": " + tokens
                + ", \"ignore_eos\": true, \"stream\": " + stream + "}";
        return "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
                + "Content-Length: " + body.length() + "\r\n\r\n" + body;
    }
}
