package dev.prairie.serve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.model.generate.Generator;
import dev.prairie.model.generate.Sampling;
import dev.prairie.model.generate.TokenScore;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.tensor.device.Kernels;
import dev.prairie.tensor.reference.ReferenceKernels;
import dev.prairie.text.grammar.Grammar;
import dev.prairie.text.grammar.TokenMasks;
import dev.prairie.text.tokenizer.CharacterTokenizer;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * However a sequence is computed, it says the same: alone, beside others, in pieces, from the cache, after losing its place,
 * and with guesses. On the reference kernels the scores are the same to the last bit; on others, whose sums depend on how many
 * rows are multiplied, the tokens are.
 */
@Timeout(120)
final class SameAnswersTest {
    private static final String TEXT = "A single spark can start a prairie fire; 星星之火可以燎原 0123456789";
    private static final int MOST = 24;
    private static final EngineConfig PLAIN = EngineConfig.DEFAULT
            .withBlock(4)
            .withCacheBytes(1 << 20)
            .withPrefixCache(false)
            .withBatch(64, 64);

    /** One choice's answer: what was told. */
    record Told(String text, List<TokenScore> scores, Event.Finished finished, int cached) {}

    @Test
    void theReferenceSaysTheSameToTheLastBit() {
        everyWay(new ReferenceKernels(), (expected, told) -> {
            assertThat(told.text()).isEqualTo(expected.text());
            assertThat(told.scores()).isEqualTo(expected.scores());
            assertThat(told.finished()).isEqualTo(expected.finished());
        });
    }

    @Test
    void theBestDeviceSaysTheSameTokens() {
        try (Device device = Devices.probe().choose(Optional.empty()).provider().open(2)) {
            everyWay(device.kernels(), (expected, told) -> {
                assertThat(told.text()).isEqualTo(expected.text());
                assertThat(told.scores())
                        .extracting(TokenScore::id)
                        .isEqualTo(
                                expected.scores().stream().map(TokenScore::id).toList());
            });
        }
    }

    interface Check {
        void same(Told expected, Told told);
    }

    private static void everyWay(Kernels kernels, Check check) {
        withModel(kernels, model -> {
            List<Request> requests = requests(model);
            List<Told> alone = new ArrayList<>();
            for (Request request : requests) {
                alone.addAll(answers(model, PLAIN, List.of(request)));
            }
            assertThat(alone.getFirst().text()).isEqualTo(generated(model, requests.getFirst()));

            same(check, alone, answers(model, PLAIN, requests));
            same(check, alone, answers(model, PLAIN.withBatch(5, 3), requests));
            same(check, alone, answers(model, PLAIN.withDrafts(4), requests));
            same(check, alone, answers(model, PLAIN.withSequences(3).withDrafts(3), requests));
            long position = model.transformer().config().kvBytesPerPosition(model.cache());
            try (Engine engine = new Engine(model, PLAIN.withCacheBytes(26 * 4 * position))) {
                same(check, alone, answers(engine, requests));
                assertThat(engine.stats().preemptions()).isPositive();
                assertThat(engine.stats().usedBlocks()).isZero();
            }
            try (Engine engine = new Engine(model, PLAIN.withPrefixCache(true).withDrafts(2))) {
                same(check, alone, answers(engine, requests));
                List<Told> again = answers(engine, requests);
                same(check, alone, again);
                assertThat(again).allMatch(told -> told.cached() > 0);
                assertThat(engine.stats().cachedTokens()).isPositive();
                assertThat(engine.stats().acceptedTokens()).isPositive();
                assertThat(engine.stats().usedBlocks()).isZero();
            }
        });
    }

    @Test
    void aModelThatGuessesChangesNothing() {
        withModel(new ReferenceKernels(), model -> {
            List<Request> requests = requests(model);
            List<Told> alone = answers(model, PLAIN, requests);
            long greedy = requests.stream()
                    .filter(r -> r.sampling().temperature() == 0)
                    .mapToLong(Request::maxTokens)
                    .sum();
            try (Engine engine = new Engine(model, PLAIN.withDrafts(3), model)) { // what it guesses is right
                assertThat(answers(engine, requests)).isEqualTo(alone);
                assertThat(engine.stats().acceptedTokens()).isGreaterThan(greedy / 2);
            }
            withModel(
                    new ReferenceKernels(),
                    2,
                    other -> { // what it guesses is wrong
                        try (Engine engine =
                                new Engine(model, PLAIN.withDrafts(3).withBatch(6, 6), other)) {
                            assertThat(answers(engine, requests)).isEqualTo(alone);
                            assertThat(engine.stats().draftedTokens())
                                    .isGreaterThan(engine.stats().acceptedTokens());
                        }
                    });
        });
    }

    @Test
    void choicesShareTheirPrompt() {
        withModel(new ReferenceKernels(), model -> {
            Request one = requests(model).get(3);
            Request four = Request.builder(one.prompt(), 12)
                    .sampling(one.sampling())
                    .choices(4)
                    .scores(0)
                    .build();
            try (Engine engine = new Engine(model, PLAIN)) {
                List<Told> told = answers(engine, List.of(four));
                assertThat(told.get(0).cached()).isZero();
                int full = (one.prompt().length - 1) / 4 * 4;
                assertThat(told.subList(1, 4)).allMatch(t -> t.cached() == full);
                assertThat(told.stream().map(Told::text).distinct()).hasSizeGreaterThan(1);
                for (int i = 0; i < 4; i++) { // choice i is what the seed plus i says
                    Request same = Request.builder(one.prompt(), 12)
                            .sampling(one.sampling().withSeed(one.sampling().seed() + i))
                            .scores(0)
                            .build();
                    assertThat(answers(model, PLAIN, List.of(same)).getFirst().scores())
                            .isEqualTo(told.get(i).scores());
                }
            }
        });
    }

    @Test
    void whatOneTenantLeftIsNotFoundByAnother() {
        withModel(new ReferenceKernels(), model -> {
            Request.Builder builder = Request.builder(requests(model).get(3).prompt(), 2);
            try (Engine engine = new Engine(model, PLAIN.withPrefixCache(true))) {
                assertThat(answers(engine, List.of(builder.tenant("a").build()))
                                .getFirst()
                                .cached())
                        .isZero();
                assertThat(answers(engine, List.of(builder.tenant("b").build()))
                                .getFirst()
                                .cached())
                        .isZero();
                assertThat(answers(engine, List.of(builder.tenant("a").build()))
                                .getFirst()
                                .cached())
                        .isPositive();
            }
        });
    }

    @Test
    void aPromptIsScoredWhateverItsPieces() {
        withModel(new ReferenceKernels(), model -> {
            int[] prompt = requests(model).get(3).prompt();
            Request scored = Request.builder(prompt, 1)
                    .sampling(Sampling.GREEDY)
                    .scores(3)
                    .promptScores(true)
                    .build();
            Request scoresOnly =
                    Request.builder(prompt, 0).scores(3).promptScores(true).build();
            List<TokenScore> expected = scores(model, PLAIN, scored);
            assertThat(expected).hasSize(prompt.length);
            assertThat(expected.getFirst().logprob()).isNaN();
            try (Generator.Session session = model.generator().open(prompt.length)) {
                for (int i = 0; i + 1 < prompt.length; i++) {
                    float[] logits = java.util.Arrays.copyOf(session.feed(prompt[i]), model.vocabularySize());
                    assertThat(dev.prairie.model.generate.Logprobs.of(logits, prompt[i + 1], 3))
                            .isEqualTo(expected.get(i + 1));
                }
            }
            assertThat(scores(model, PLAIN.withBatch(3, 3), scored)).isEqualTo(expected);
            assertThat(scores(model, PLAIN, scoresOnly)).isEqualTo(expected);
        });
    }

    @Test
    void aGrammarIsFollowedAloneBesideOthersAndWithGuesses() {
        withModel(new ReferenceKernels(), model -> {
            TokenMasks masks = model.masks("fires", () -> Grammar.regex("(fire|spark|[0-9]{2,4} fires); a prairie"));
            assertThat(model.masks("fires", Grammar::json)).isSameAs(masks);
            List<Request> requests = new ArrayList<>();
            for (Request request : requests(model)) {
                requests.add(Request.builder(request.prompt(), MOST + 8)
                        .sampling(request.sampling())
                        .scores(0)
                        .masks(masks)
                        .build());
            }
            List<Told> alone = new ArrayList<>();
            for (Request request : requests) {
                alone.addAll(answers(model, PLAIN, List.of(request)));
            }
            assertThat(alone).allSatisfy(told -> {
                assertThat(told.text()).matches("(fire|spark|[0-9]{2,4} fires); a prairie");
                assertThat(told.finished().reason()).isEqualTo(Event.Reason.STOP);
            });
            assertThat(answers(model, PLAIN, requests)).isEqualTo(alone);
            assertThat(answers(model, PLAIN.withDrafts(4).withBatch(7, 5), requests))
                    .isEqualTo(alone);
        });
    }

    // ---- how -----------------------------------------------------------------------------------------------------

    private static void same(Check check, List<Told> expected, List<Told> told) {
        assertThat(told).hasSameSizeAs(expected);
        for (int i = 0; i < told.size(); i++) {
            check.same(expected.get(i), told.get(i));
        }
    }

    /** Greedy and sampled, with penalties, stop strings and several lengths. */
    private static List<Request> requests(ServedModel model) {
        SplittableRandom random = new SplittableRandom(7);
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            int[] prompt = random.ints(5 + 4 * i, 0, model.vocabularySize()).toArray();
            Sampling sampling = i < 4 && i != 3
                    ? Sampling.GREEDY
                    : Sampling.DEFAULT.withSeed(random.nextLong()).withTemperature(0.7f);
            requests.add(Request.builder(prompt, MOST - i)
                    .sampling(sampling)
                    .scores(2)
                    .stop(i == 5 ? List.of("a", "fire") : List.of())
                    .build());
        }
        return requests;
    }

    private static String generated(ServedModel model, Request request) {
        int[] ids = model.generator().generate(request.prompt(), request.maxTokens(), request.sampling(), id -> true);
        return model.decode(ids);
    }

    private static List<TokenScore> scores(ServedModel model, EngineConfig config, Request request) {
        List<TokenScore> scores = new ArrayList<>();
        try (Engine engine = new Engine(model, config)) {
            CountDownLatch end = new CountDownLatch(1);
            engine.submit(List.of(request), (choice, event) -> {
                if (event instanceof Event.Scored scored) {
                    scores.addAll(scored.prompt());
                }
                if (event instanceof Event.Finished || event instanceof Event.Failed) {
                    end.countDown();
                }
            });
            await(end);
        }
        return scores;
    }

    static List<Told> answers(ServedModel model, EngineConfig config, List<Request> requests) {
        try (Engine engine = new Engine(model, config)) {
            return answers(engine, requests);
        }
    }

    static List<Told> answers(Engine engine, List<Request> requests) {
        int choices = requests.stream().mapToInt(Request::choices).sum();
        Map<Integer, List<Event>> events = new ConcurrentHashMap<>();
        CountDownLatch ends = new CountDownLatch(choices);
        engine.submit(requests, (choice, event) -> {
            events.computeIfAbsent(choice, c -> new ArrayList<>()).add(event);
            if (event instanceof Event.Finished || event instanceof Event.Failed) {
                ends.countDown();
            }
        });
        await(ends);
        List<Told> told = new ArrayList<>();
        for (int i = 0; i < choices; i++) {
            told.add(told(events.getOrDefault(i, List.of())));
        }
        while (engine.stats().running() > 0) {
            Thread.onSpinWait(); // the step that told the end is not quite over
        }
        return told;
    }

    private static Told told(List<Event> events) {
        StringBuilder text = new StringBuilder();
        List<TokenScore> scores = new ArrayList<>();
        int cached = -1;
        for (Event event : events) {
            switch (event) {
                case Event.Started started -> cached = started.cached();
                case Event.Scored scored -> {}
                case Event.Text more -> {
                    text.append(more.text());
                    scores.addAll(more.scores());
                }
                case Event.Finished finished -> {
                    return new Told(text.toString(), scores, finished, cached);
                }
                case Event.Failed failed -> throw new AssertionError(failed.cause());
            }
        }
        throw new AssertionError("no end");
    }

    private static void withModel(Kernels kernels, Consumer<ServedModel> body) {
        withModel(kernels, 1, body);
    }

    private static void withModel(Kernels kernels, long seed, Consumer<ServedModel> body) {
        CharacterTokenizer tokenizer = CharacterTokenizer.learn(List.of(TEXT), List.of());
        TransformerConfig config = TransformerConfig.llama(tokenizer.vocabularySize(), 96, 2, 32, 4, 2, 48, true);
        try (Arena arena = Arena.ofShared()) {
            body.accept(new ServedModel("tiny", Transformer.initialise(config, arena, seed), tokenizer, kernels));
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(60, TimeUnit.SECONDS)) {
                throw new AssertionError("no end in a minute");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
