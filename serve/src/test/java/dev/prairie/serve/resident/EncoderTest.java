package dev.prairie.serve.resident;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.model.generate.Embedder;
import dev.prairie.model.transformer.HeadForm.Pooling;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.serve.resident.ModelUnavailableException.Reason;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many callers and one model. */
@Timeout(60)
final class EncoderTest {
    private final Arena arena = Arena.ofShared();

    @AfterEach
    void close() {
        arena.close();
    }

    private Transformer model(int context, int seed) {
        return Transformer.initialise(TransformerConfig.bert(64, context, 1, 16, 2, 16), arena, seed);
    }

    private static List<int[]> texts(int seed, int count, int most) {
        Random random = new Random(seed);
        List<int[]> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(random.ints(1 + random.nextInt(most), 0, 64).toArray());
        }
        return texts;
    }

    @Test
    void callersAtOnceGetWhatEachWouldGetAlone() throws Exception {
        try (Device device = Devices.probe().choose(Optional.empty()).provider().open(2);
                Encoder one = new Encoder(model(64, 1), device.kernels());
                Encoder other = new Encoder(model(64, 2), device.kernels());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Encoder> encoders = List.of(one, other);
            List<List<float[]>> alone = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                alone.add(encoders.get(i % 2).embed(texts(i, 9, 64), Pooling.MEAN));
            }
            List<Future<List<float[]>>> together = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                int call = i;
                together.add(threads.submit(() -> encoders.get(call % 2).embed(texts(call, 9, 64), Pooling.MEAN)));
            }
            for (int i = 0; i < 12; i++) {
                assertThat(together.get(i).get()).usingRecursiveComparison().isEqualTo(alone.get(i));
            }
        }
    }

    @Test
    void turnsMakeNoDifference() {
        Transformer model = model(64, 3);
        List<int[]> texts = texts(5, 120, 64); // some 3,900 tokens
        try (Encoder encoder = new Encoder(model, new ReferenceKernels())) {
            Embedder embedder = new Embedder(model, new ReferenceKernels());
            assertThat(encoder.embed(texts, encoder.pooling()))
                    .usingRecursiveComparison()
                    .isEqualTo(embedder.embed(texts));
            assertThat(encoder.embedTokens(texts.subList(0, 3)))
                    .usingRecursiveComparison()
                    .isEqualTo(embedder.embedTokens(texts.subList(0, 3)));
        }
    }

    @Test
    void whoHasManyTextsLetsOthersInBetween() throws Exception {
        GatedKernels gate = new GatedKernels();
        ConcurrentLinkedQueue<String> done = new ConcurrentLinkedQueue<>();
        try (Encoder encoder = new Encoder(model(1100, 4), gate.kernels());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<int[]> large = List.of(new int[1100], new int[1100], new int[1100]);
            Future<?> many = threads.submit(() -> {
                encoder.embed(large, Pooling.MEAN);
                done.add("many");
            });
            gate.awaitWork();
            Future<?> few = threads.submit(() -> {
                encoder.embed(List.of(new int[] {1}), Pooling.MEAN);
                done.add("few");
            });
            while (encoder.callers() < 2) {
                Thread.sleep(1);
            }
            Thread.sleep(20); // and has its turn in the queue
            gate.open();
            many.get();
            few.get();
            assertThat(done).containsExactly("few", "many");
        }
    }

    @Test
    void whoComesTooManyIsRefusedAndClosingRefusesTheRest() throws Exception {
        GatedKernels gate = new GatedKernels();
        try (Encoder encoder = new Encoder(model(64, 5), gate.kernels(), 1);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<List<float[]>> atWork = threads.submit(() -> encoder.embed(texts(1, 1, 9), Pooling.MEAN));
            gate.awaitWork();
            Future<List<float[]>> waits = threads.submit(() -> encoder.embed(texts(2, 1, 9), Pooling.MEAN));
            while (encoder.callers() < 2) {
                Thread.sleep(1);
            }
            assertRefused(Reason.BUSY, () -> encoder.embed(texts(3, 1, 9), Pooling.MEAN));
            Thread.sleep(20);
            Future<?> closing = threads.submit(encoder::close);
            while (!encoder.closed()) {
                Thread.sleep(1);
            }
            gate.open();
            assertThat(atWork.get()).hasSize(1);
            assertThatThrownBy(waits::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(ModelUnavailableException.class);
            closing.get();
            assertRefused(Reason.CLOSED, () -> encoder.embed(texts(3, 1, 9), Pooling.MEAN));
        }
    }

    private static void assertRefused(Reason reason, Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        ModelUnavailableException.class,
                        e -> assertThat(e.reason()).isEqualTo(reason));
    }

    @Test
    void aFaultReachesTheCallerAndNobodyElse() {
        try (Encoder encoder = new Encoder(model(64, 6), new ReferenceKernels())) {
            assertThatThrownBy(() -> encoder.embed(List.of(new int[65]), Pooling.MEAN))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("65 tokens, the context holds 64");
            assertThat(encoder.embed(List.of(new int[64]), Pooling.MEAN)).hasSize(1);
        }
    }
}
