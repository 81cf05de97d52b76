package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Download;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route.FulfillOptions;
import com.microsoft.playwright.options.FilePayload;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ScriptedModel;
import dev.prairie.serve.http.ConsoleBrowser.Window;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** The console's chat page in a real browser, over a model whose answer is known. */
@Timeout(120)
@TestInstance(Lifecycle.PER_CLASS)
final class ConsoleChatTest {
    private static final String ANSWER =
            "A **bold** start.\n\n```java\nint x = 1;\n```\n\n<img src=x onerror=alert(1)> "
                    + "[out](https://example.org/) [not](javascript:alert(1)) ![far](https://example.org/x.png)";

    private final AtomicInteger millisPerToken = new AtomicInteger();
    private ConsoleBrowser browser;
    private Engine engine;
    private Server server;

    @BeforeAll
    void start() {
        browser = new ConsoleBrowser();
        engine = new Engine(new ScriptedModel(ANSWER, 4096, step -> sleep(millisPerToken.get())));
        server = new Server(ServerConfig.local(0), engine).start();
    }

    @AfterAll
    void stop() {
        if (server != null) {
            server.close();
            engine.close();
            browser.close();
        }
    }

    private static void sleep(int millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void anAnswerComesAsMarkdownAndNothingInItIsRun() {
        try (Window window = browser.window(server)) {
            Page page = window.open("chat");
            assertThat(page.locator("#hello").isVisible()).isTrue();
            Locator answer = window.say("What is new?");
            assertThat(page.locator("#messages .user .text").innerText()).isEqualTo("What is new?");
            assertThat(answer.getAttribute("data-tokens")).isEqualTo(String.valueOf(ANSWER.length() + 1));
            assertThat(answer.locator("strong").innerText()).isEqualTo("bold");
            assertThat(answer.locator("pre code").innerText()).isEqualTo("int x = 1;");
            assertThat(answer.locator(".text").innerText()).contains("<img src=x onerror=alert(1)>");
            assertThat(answer.locator("img, script").count()).isZero();
            List<?> links = (List<?>) answer.locator("a").evaluateAll("all => all.map(a => a.href)");
            assertThat(links)
                    .map(Object::toString)
                    .containsExactly("https://example.org/", "https://example.org/x.png");
            assertThat(answer.locator(".figures").innerText()).contains("tokens/s", "prompt 12");
            answer.locator(".code-bar button").click();
            assertThat(page.evaluate("() => navigator.clipboard.readText()")).isEqualTo("int x = 1;");
        }
    }

    @Test
    void anAnswerThatIsStoppedStaysAndItsSequenceEnds() {
        millisPerToken.set(20);
        try (Window window = browser.window(server)) {
            Page page = window.open("chat");
            page.locator("#prompt").fill("Go on for long");
            page.locator("#send").click();
            Locator answer = page.locator("#messages .assistant");
            page.waitForCondition(() -> answer.innerText().contains("bold"));
            assertThat(page.locator("#send").isVisible()).isFalse();
            page.locator("#stop").click();
            page.waitForCondition(
                    () -> page.locator("#messages .assistant:not(.busy)").count() == 1);
            assertThat(answer.innerText()).contains("Stopped.").doesNotContain("example.org");
            page.waitForCondition(() -> engine.stats().running() == 0);
            page.reload();
            assertThat(answer.innerText()).contains("bold", "Stopped.");
        } finally {
            millisPerToken.set(0);
        }
    }

    @Test
    void conversationsOutliveThePage() {
        try (Window window = browser.window(server)) {
            Page page = window.open("chat");
            window.say("First apple");
            page.locator("#temperature").fill("0.3");
            window.say("More of it");
            page.locator("#new-conversation").click();
            assertThat(page.locator("#messages .message").count()).isZero();
            window.say("Second pear");
            page.reload();
            Locator titles = page.locator("#conversation-list .open");
            page.waitForCondition(() -> titles.count() == 2);
            assertThat(titles.allInnerTexts()).containsExactly("Second pear", "First apple");
            assertThat(page.locator("#messages .user .text").allInnerTexts()).containsExactly("Second pear");
            page.locator("#search").fill("more");
            assertThat(titles.allInnerTexts()).containsExactly("First apple");
            titles.first().click();
            assertThat(page.locator("#messages .user .text").allInnerTexts())
                    .containsExactly("First apple", "More of it");
            assertThat(page.locator("#temperature").inputValue()).isEqualTo("0.3");
            assertThat(page.locator("#messages .assistant strong").count()).isEqualTo(2);
        }
    }

    @Test
    void conversationsAreRenamedAndDeletedAndComeBack() {
        try (Window window = browser.window(server)) {
            Page page = window.open("chat");
            window.say("Apple");
            Locator titles = page.locator("#conversation-list .open");
            page.getByLabel("Rename Apple").click();
            page.getByLabel("Name of the conversation").fill("Fruit");
            page.keyboard().press("Enter");
            assertThat(titles.allInnerTexts()).containsExactly("Fruit");
            page.getByLabel("Delete Fruit").click();
            page.waitForCondition(() -> titles.count() == 0);
            assertThat(page.locator("#messages .message").count()).isZero();
            page.locator("#toast button").click();
            page.waitForCondition(() -> titles.count() == 1);
            page.reload();
            page.waitForCondition(() -> titles.count() == 1);
            assertThat(titles.allInnerTexts()).containsExactly("Fruit");
        }
    }

    @Test
    void aMessageIsEditedAndAnsweredAgain() {
        try (Window window = browser.window(server)) {
            Page page = window.open("chat");
            window.say("One");
            window.say("Two");
            page.locator("#messages .user").first().hover();
            page.locator("#messages .user").first().getByText("Edit").click();
            page.getByLabel("Edit the message").fill("Other");
            page.keyboard().press("Enter");
            Locator done = page.locator("#messages .assistant:not(.busy)");
            page.waitForCondition(
                    () -> done.count() == 1 && page.locator(".busy").count() == 0);
            Locator asked = page.locator("#messages .user .text");
            assertThat(asked.allInnerTexts()).containsExactly("Other");
            done.getByText("Again").click();
            page.waitForCondition(
                    () -> done.count() == 1 && page.locator(".busy").count() == 0);
            assertThat(asked.allInnerTexts()).containsExactly("Other");
        }
    }

    @Test
    void everythingKeptGoesIntoAFileAndBack() throws IOException {
        byte[] file;
        try (Window window = browser.window(server)) {
            Page page = window.open("chat");
            window.say("To be kept");
            Download download =
                    page.waitForDownload(() -> page.locator("#export").click());
            file = Files.readAllBytes(download.path());
        }
        JsonNode kept = Client.json(new String(file, StandardCharsets.UTF_8)).at("/conversations/0/messages");
        assertThat(kept.get(1).get("content").stringValue()).isEqualTo(ANSWER);
        try (Window window = browser.window(server)) {
            Page page = window.open("chat");
            page.locator("#import-file").setInputFiles(new FilePayload("x.json", "application/json", new byte[] {'['}));
            page.waitForCondition(() -> page.locator("#toast").innerText().contains("x.json holds no conversations"));
            page.locator("#import-file").setInputFiles(new FilePayload("all.json", "application/json", file));
            page.waitForCondition(() -> page.locator("#conversation-list .open").count() == 1);
            page.locator("#conversation-list .open").click();
            assertThat(page.locator("#messages .assistant strong").innerText()).isEqualTo("bold");
        }
    }

    @Test
    void reasoningProbabilitiesAndCallsHaveTheirPlaces() {
        try (Window window = browser.window(server)) {
            Page page = window.open("chat");
            String[] request = {""};
            page.route("**/v1/chat/completions", route -> {
                request[0] = String.valueOf(route.request().postData());
                route.fulfill(
                        new FulfillOptions().setContentType("text/event-stream").setBody(ConsoleFakes.CHAT));
            });
            page.locator("#probabilities").check();
            Locator answer = window.say("Where is the capital?");
            assertThat(Client.json(request[0]).get("top_logprobs").intValue()).isEqualTo(5);
            assertThat(answer.locator(".reasoning").getAttribute("open")).isNull();
            assertThat(answer.locator(".thought").textContent()).isEqualTo("They want the capital.");
            assertThat(answer.locator(".call").innerText()).contains("Calls weather", "\"city\": \"Paris\"");
            assertThat(answer.locator(".figures").innerText()).contains("9 tokens", "prompt 12, 8 cached");
            Locator tokens = answer.locator(".tokens .token");
            assertThat(tokens.count()).isEqualTo(5);
            tokens.nth(3).hover();
            Locator tip = answer.locator(".tip");
            assertThat(tip.innerText()).contains("␣Lyon", "80.0 %", "5.0 %");
            assertThat(tip.locator(".chosen").innerText()).contains("␣Paris");
            // And without a mouse: one stop of the Tab key, arrows inside.
            tokens.first().focus();
            page.keyboard().press("ArrowRight");
            assertThat(tip.innerText()).contains("␣capital", "99.0 %");
            assertThat(tokens.nth(1).getAttribute("aria-describedby")).isEqualTo(tip.getAttribute("id"));
            answer.getByText("Text", new Locator.GetByTextOptions().setExact(true))
                    .click();
            assertThat(answer.locator(".text p").innerText()).isEqualTo("The capital is Paris.");
        }
    }

    @Test
    void aRefusalIsShownWithWhatToDo() {
        try (Window window = browser.window(server)) {
            Page page = window.open("chat");
            page.route(
                    "**/v1/chat/completions",
                    route -> route.fulfill(new FulfillOptions()
                            .setStatus(429)
                            .setHeaders(Map.of("Retry-After", "7", "Content-Type", "application/json"))
                            .setBody("{\"error\":{\"message\":\"the queue is full.\"}}")));
            assertThat(window.say("Hello").locator(".error").innerText())
                    .isEqualTo("the queue is full. Try again in 7 s.");
            page.unroute("**/v1/chat/completions");
            page.locator("#max-tokens").fill("100000");
            assertThat(window.say("Hello").locator(".error").innerText()).contains("maximum context length is 4096");
            page.route("**/v1/chat/completions", route -> route.abort());
            assertThat(window.say("Hello").locator(".error").innerText()).contains("The server does not answer.");
        }
    }

    @Test
    void theKeyboardIsEnough() {
        try (Window window = browser.window(server)) {
            Page page = window.open("chat");
            page.keyboard().press("Tab");
            assertThat(focused(page)).isEqualTo("skip");
            page.keyboard().press("Enter");
            tabTo(page, "prompt");
            page.keyboard().type("By hand");
            page.keyboard().press("Shift+Enter");
            page.keyboard().type("alone");
            page.keyboard().press("Enter");
            page.waitForCondition(
                    () -> page.locator("#messages .assistant:not(.busy) strong").count() == 1);
            assertThat(page.locator("#messages .user .text").innerText()).isEqualTo("By hand\nalone");
            assertThat(focused(page)).isEqualTo("prompt");
            assertThat(page.locator("#announcer").innerText()).contains("The answer is complete");
            page.reload();
            page.waitForCondition(() -> page.locator("#conversation-list .open").count() == 1);
            tabTo(page, "new-conversation");
            page.keyboard().press("Enter");
            page.waitForCondition(() -> page.locator("#messages .message").count() == 0);
        }
    }

    private static void tabTo(Page page, String id) {
        for (int presses = 0; !focused(page).equals(id); presses++) {
            assertThat(presses).as("Tab never comes to " + id).isLessThan(40);
            page.keyboard().press("Tab");
        }
    }

    private static String focused(Page page) {
        return String.valueOf(page.evaluate("() => document.activeElement.id"));
    }

    @Test
    void aTextIsContinued() {
        try (Window window = browser.window(server)) {
            Page page = window.open("chat");
            page.getByLabel("Complete").check();
            String[] path = {""};
            page.onRequest(request -> path[0] = request.method().equals("POST") ? request.url() : path[0]);
            Locator answer = window.say("Once upon");
            assertThat(path[0]).endsWith("/v1/completions");
            assertThat(answer.locator(".text").textContent()).isEqualTo(ANSWER);
        }
    }

    @Test
    void twoPagesOfOneBrowserKeepOneList() {
        try (Window window = browser.window(server)) {
            Page page = window.open("chat");
            Page other = window.another();
            other.navigate(server.url());
            other.locator("#model option")
                    .first()
                    .waitFor(new Locator.WaitForOptions()
                            .setState(com.microsoft.playwright.options.WaitForSelectorState.ATTACHED));
            window.say("Seen from both");
            other.waitForCondition(
                    () -> other.locator("#conversation-list .open").count() == 1);
            assertThat(page.locator("#conversation-list .open").count()).isEqualTo(1);
        }
    }
}
