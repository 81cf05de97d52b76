package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.Route.FulfillOptions;
import com.microsoft.playwright.options.ColorScheme;
import dev.prairie.testing.Demand;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A real browser for the console's tests, and its pages: each begins with nothing kept, and complains about nothing. */
final class ConsoleBrowser implements AutoCloseable {
    private final Playwright playwright;
    private final Browser chromium;

    ConsoleBrowser() {
        var options = new LaunchOptions()
                .setExecutablePath(Demand.browser())
                .setArgs(List.of(
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--no-first-run"));
        playwright = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        chromium = playwright.chromium().launch(options);
    }

    /** A window of that size, its user reading that language, its system in those colours. */
    Window window(Server server, int width, int height, String locale, ColorScheme colours) {
        BrowserContext context = chromium.newContext(new Browser.NewContextOptions()
                .setViewportSize(width, height)
                .setLocale(locale)
                .setColorScheme(colours));
        context.setDefaultTimeout(10_000);
        context.grantPermissions(List.of("clipboard-read", "clipboard-write"));
        return new Window(context, server.url());
    }

    Window window(Server server) {
        return window(server, 1280, 800, "en-US", ColorScheme.LIGHT);
    }

    @Override
    public void close() {
        chromium.close();
        playwright.close();
    }

    /** One window with the console in it. Closing it fails if the page has had errors or broken its own policy. */
    static final class Window implements AutoCloseable {
        private final BrowserContext context;
        private final List<String> complaints = new ArrayList<>();
        private final String url;
        final Page page;

        private Window(BrowserContext context, String url) {
            this.context = context;
            this.url = url;
            this.page = another();
        }

        /** Another page of the same browser. */
        Page another() {
            Page made = context.newPage();
            made.onConsoleMessage(message -> {
                // A refusal of the server is told by the page; the browser's line about it says nothing new.
                if (List.of("error", "warning").contains(message.type())
                        && !message.text().startsWith("Failed to load resource")) {
                    complaints.add(message.type() + ": " + message.text());
                }
            });
            made.onPageError(complaints::add);
            return made;
        }

        /** Goes to a page of the console by its name. */
        Page open(String name) {
            page.navigate(name.equals("chat") ? url : url + "#" + name);
            page.locator("#" + name).waitFor();
            page.waitForCondition(() -> page.locator("#model option").count() > 0);
            return page;
        }

        /** Has the server's answer to a path be {@code body}. */
        void fake(String path, String contentType, String body) {
            page.route(
                    "**" + path,
                    route -> route.fulfill(new FulfillOptions()
                            .setStatus(200)
                            .setContentType(contentType)
                            .setBody(body)));
        }

        /** Sends a message and waits until its answer is complete. */
        Locator say(String text) {
            int answers = page.locator("#messages .assistant").count();
            page.locator("#prompt").fill(text);
            page.keyboard().press("Enter");
            page.waitForCondition(
                    () -> page.locator("#messages .assistant:not(.busy)").count() > answers);
            return page.locator("#messages .assistant").last();
        }

        @Override
        public void close() {
            context.close();
            assertThat(complaints).isEmpty();
        }
    }
}
