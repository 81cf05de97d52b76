package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route.FulfillOptions;
import com.microsoft.playwright.options.ColorScheme;
import dev.prairie.serve.api.Access;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ScriptedModel;
import dev.prairie.serve.http.ConsoleBrowser.Window;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.serve.resident.Lease;
import dev.prairie.serve.resident.ModelCard;
import dev.prairie.serve.resident.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The console's other pages in a real browser, and what all pages have in common. */
@Timeout(120)
@TestInstance(Lifecycle.PER_CLASS)
final class ConsolePagesTest {
    private static final List<String> PAGES = List.of("chat", "compare", "live", "usage", "training");

    private ConsoleBrowser browser;
    private TwoModels models;
    private Server server;

    @BeforeAll
    void start(@TempDir Path runs) throws IOException {
        browser = new ConsoleBrowser();
        models = new TwoModels();
        Path run = Files.createDirectory(runs.resolve("tiny"));
        StringBuilder metrics = new StringBuilder();
        for (int step = 1; step <= 50; step++) {
            metrics.append("{\"step\":%d,\"loss\":%f,\"valLoss\":null,\"lr\":0.001}\n".formatted(step, 4.0 / step));
        }
        Files.writeString(run.resolve("metrics.jsonl"), metrics);
        Files.writeString(run.resolve("run.json"), "{\"name\":\"tiny\",\"state\":\"finished\",\"steps\":50}");
        server = new Server(ServerConfig.local(0).withRuns(runs), models, Access.ALL).start();
    }

    @AfterAll
    void stop() {
        if (server != null) {
            server.close();
            models.close();
            browser.close();
        }
    }

    @Test
    void twoModelsAnswerOnePrompt() {
        try (Window window = browser.window(server)) {
            Page page = window.open("compare");
            assertThat(page.locator("#left-model").inputValue()).isEqualTo("left model");
            assertThat(page.locator("#right-model").inputValue()).isEqualTo("right model");
            page.locator("#side-right summary").click();
            page.locator("#right-max-tokens").fill("5");
            page.locator("#compare-prompt").fill("Say it");
            page.locator("#compare-send").click();
            page.waitForCondition(
                    () -> page.locator("#turns .assistant:not(.busy)").count() == 2);
            Locator left = page.locator("#turns [data-side=left]");
            Locator right = page.locator("#turns [data-side=right]");
            assertThat(left.locator(".text").innerText()).isEqualTo("from the left");
            assertThat(right.locator(".text").innerText()).isEqualTo("from");
            assertThat(right.innerText()).contains("right model", "Cut at the token limit");
            assertThat(left.boundingBox().x + left.boundingBox().width).isLessThanOrEqualTo(right.boundingBox().x);
            page.locator("#compare-clear").click();
            assertThat(page.locator("#turns .message").count()).isZero();
        }
    }

    @Test
    void liveFiguresAreDifferencesOfTwoLooks() {
        try (Window window = browser.window(server)) {
            AtomicInteger looks = new AtomicInteger();
            window.page.route("**/api/live", route -> {
                int n = looks.incrementAndGet();
                route.fulfill(new FulfillOptions()
                        .setContentType("application/json")
                        .setBody(ConsoleFakes.live(1_000_000 + 2_000L * n, n, 3, 1, 128, 50L * n, 30L * n, 10L * n)));
            });
            Page page = window.open("live");
            Locator throughput = page.locator("#live-charts .chart").first();
            page.waitForCondition(() -> "2".equals(throughput.getAttribute("data-points")));
            assertThat(throughput.locator("canvas").count()).isEqualTo(1);
            assertThat(throughput.getAttribute("aria-label"))
                    .isEqualTo("Throughput: Generated tokens/s 25.0, Prompt tokens/s 15.0");
            assertThat(page.locator("#live-figures").innerText())
                    .containsSubsequence("Running", "3", "Waiting", "1", "128 / 512", "Cache hits", "25.0 %");
            assertThat(page.locator("#live-more").innerText()).contains("125.0 ms", "31.0 ms", "65.0 %");
            page.locator("#live-table summary").click();
            assertThat(page.locator("#live-table tbody tr").first().innerText()).contains("25.0", "15.0");
            // Whoever looks elsewhere asks no more.
            page.locator("nav [href='#chat']").click();
            int before = looks.get();
            page.waitForTimeout(1_500);
            assertThat(looks.get()).isLessThanOrEqualTo(before + 1);
        }
    }

    @Test
    void usageIsATableByKey() {
        try (Window window = browser.window(server)) {
            window.fake("/api/usage", "application/json", ConsoleFakes.USAGE);
            Page page = window.open("usage");
            Locator rows = page.locator("#usage-keys > .scroll tbody tr");
            page.waitForCondition(() -> rows.count() == 2);
            assertThat(rows.first().innerText().split("\\s+"))
                    .containsExactly("alice", "3", "1", "1,200", "40", "400", "75", "1", "34,567", "40", "11,522");
            page.locator("#usage-keys summary").first().click();
            assertThat(page.locator("#usage-keys details").first().innerText()).contains("2026-11-25", "2026-11-24");
        }
    }

    @Test
    void aTrainingRunHasItsCurve() {
        try (Window window = browser.window(server)) {
            Page page = window.open("training");
            Locator curve = page.locator("#curve");
            page.waitForCondition(() -> "50".equals(curve.getAttribute("data-points")));
            assertThat(curve.locator("canvas").count()).isEqualTo(1);
            assertThat(page.locator("#figures").innerText()).contains("50 / 50", "0.0800");
        }
    }

    @Test
    void theLanguageIsTheBrowsersUntilAnotherIsChosen() {
        try (Window window = browser.window(server, 1280, 800, "zh-CN", ColorScheme.LIGHT)) {
            Page page = window.open("chat");
            assertThat(page.evaluate("() => document.documentElement.lang")).isEqualTo("zh-CN");
            assertThat(page.locator("nav").innerText()).contains("对话", "训练");
            assertThat(page.locator("#prompt").getAttribute("placeholder")).isEqualTo("说点什么…");
            page.locator("#language").selectOption("en");
            assertThat(page.evaluate("() => document.documentElement.lang")).isEqualTo("en");
            assertThat(page.locator("nav").innerText()).contains("Chat", "Training");
            page.reload();
            assertThat(page.locator("#prompt").getAttribute("placeholder")).isEqualTo("Say something…");
            Object differing = page.evaluate("""
                    async () => {
                      const [en, zh] = (await Promise.all([import("./english.js"), import("./chinese.js")]))
                        .map((module) => module.default);
                      const holes = (text) => [...text.matchAll(/\\{\\w+\\}/g)].map(([hole]) => hole).sort().join();
                      return [...new Set([...Object.keys(en), ...Object.keys(zh)])]
                        .filter((key) => !en[key] || !zh[key] || holes(en[key]) !== holes(zh[key]));
                    }""");
            assertThat((List<?>) differing).isEmpty();
        }
    }

    @Test
    void coloursAreTheSystemsUntilOthersAreChosen() {
        try (Window window = browser.window(server, 1280, 800, "en", ColorScheme.DARK)) {
            Page page = window.open("chat");
            assertThat(ground(page)).isEqualTo("rgb(23, 21, 19)");
            page.locator("#theme").selectOption("light");
            assertThat(ground(page)).isEqualTo("rgb(250, 248, 245)");
            page.reload();
            assertThat(ground(page)).isEqualTo("rgb(250, 248, 245)");
        }
    }

    private static Object ground(Page page) {
        return page.evaluate("() => getComputedStyle(document.body).backgroundColor");
    }

    @ParameterizedTest
    @CsvSource({"1280, en", "390, en", "390, zh-CN"})
    void nothingIsWiderThanTheWindow(int width, String language) {
        try (Window window = browser.window(server, width, 800, language, ColorScheme.LIGHT)) {
            window.fake("/api/usage", "application/json", ConsoleFakes.USAGE);
            window.fake("/api/live", "application/json", ConsoleFakes.live(1, 1, 1, 0, 1, 1, 1, 1));
            window.fake("/v1/chat/completions", "text/event-stream", ConsoleFakes.CHAT);
            Page page = window.open("chat");
            page.locator("#probabilities").check();
            Locator answer = window.say("w".repeat(300));
            answer.locator(".token").last().hover();
            for (String name : PAGES) {
                page.locator("nav [href='#" + name + "']").click();
                page.locator("#" + name).waitFor();
                Object over = page.evaluate("""
                        () => Math.max(document.documentElement.scrollWidth - innerWidth,
                          ...[...document.querySelectorAll("main, .page, #messages, #turns, .drawer")]
                            .filter((box) => box.checkVisibility()).map((box) => box.scrollWidth - box.clientWidth))""");
                assertThat(((Number) over).intValue()).as(name).isLessThanOrEqualTo(0);
            }
        }
    }

    @Test
    void onAPhoneTheListIsADrawer() {
        try (Window window = browser.window(server, 390, 800, "en", ColorScheme.LIGHT)) {
            Page page = window.open("chat");
            window.say("Hello");
            Locator list = page.locator("#conversations");
            assertThat(list.isVisible()).isFalse();
            Locator opener = page.locator(".opens[aria-controls=conversations]");
            opener.click();
            assertThat(list.isVisible()).isTrue();
            assertThat(opener.getAttribute("aria-expanded")).isEqualTo("true");
            assertThat((Boolean) list.evaluate("list => list.contains(document.activeElement)"))
                    .isTrue();
            page.keyboard().press("Escape");
            page.waitForCondition(() -> !list.isVisible());
            assertThat((Boolean) opener.evaluate("button => button === document.activeElement"))
                    .isTrue();
            opener.click();
            page.locator("#new-conversation").click();
            page.waitForCondition(() -> !list.isVisible());
            page.locator(".opens[aria-controls=settings]").click();
            page.locator("#temperature").fill("0");
            assertThat(page.locator("#temperature").isVisible()).isTrue();
        }
    }

    /** Two models with names and answers of their own. */
    private static final class TwoModels implements Models {
        private final List<Engine> engines = List.of(
                new Engine(new ScriptedModel("from the left")), new Engine(new ScriptedModel("from the right")));

        @Override
        public List<ModelCard> cards() {
            return List.of(new ModelCard("left model", 1, 4096, null), new ModelCard("right model", 1, 4096, null));
        }

        @Override
        public Optional<Lease> lease(String id) {
            return cards().stream()
                    .filter(card -> card.id().equals(id))
                    .findFirst()
                    .map(card -> new Lease(card, engines.get(cards().indexOf(card)), ChatFormat.plain(), () -> {}));
        }

        @Override
        public List<Engine> engines() {
            return engines;
        }

        @Override
        public void close() {
            engines.forEach(Engine::close);
        }
    }
}
