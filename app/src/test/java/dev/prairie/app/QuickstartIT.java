package dev.prairie.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import dev.prairie.testing.Demand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job, through the launcher and a real browser. */
class QuickstartIT {
    @TempDir
    Path folder;

    @Test
    void fromNothingToAModelThatAnswersInTheBrowser() throws Exception {
        Path browser = Demand.browser();
        Files.writeString(folder.resolve("corpus.txt"), "All work and no play makes Jack a dull boy.\n".repeat(3000));
        try (Prairie quickstart =
                Prairie.start(folder, "quickstart", "--minutes", "0.1", "--corpus", "corpus.txt", "--port", "0")) {
            String serving = quickstart.await(line -> line.startsWith("serving "));
            quickstart.await(line -> line.contains("validation loss") && line.contains("bits a byte; curve: "));
            quickstart.await(line -> line.startsWith("try: curl "));
            String url = serving.replaceAll(".* at (http\\S+) .*", "$1");
            talk(browser, url);
            quickstart.interrupt();
            quickstart.end();
        }
        assertThat(folder.resolve("runs/quickstart/loss.svg")).exists();
        // Once trained, it serves at once.
        try (Prairie again = Prairie.start(folder, "quickstart", "--port", "0")) {
            again.await(line -> line.contains("is trained already"));
            again.await(line -> line.startsWith("serving "));
        }
    }

    private static void talk(Path browser, String url) {
        var environment = Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        var options = new LaunchOptions()
                .setExecutablePath(browser)
                .setArgs(List.of(
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--no-first-run"));
        try (Playwright playwright = Playwright.create(new Playwright.CreateOptions().setEnv(environment));
                Browser chromium = playwright.chromium().launch(options)) {
            Page page = chromium.newPage();
            page.navigate(url);
            page.locator("#max-tokens").fill("40");
            page.locator("#temperature").fill("0");
            page.locator("#prompt").fill("All work and");
            page.locator("#send").click();
            Locator answer = page.locator("#messages .message.assistant").last();
            page.waitForCondition(() -> tokens(answer) > 0);
            int first = tokens(answer);
            page.waitForCondition(() -> tokens(answer) > first || tokens(answer) >= 5);
            page.waitForCondition(() -> answer.innerText().contains("no play"));
            assertThat(page.locator("#messages .message.user").innerText()).contains("All work and");
            if (!page.locator("#curve").isVisible())
                page.locator("[href='#training'], #tab-training, [data-tab=training]")
                        .first()
                        .click();
            Locator curve = page.locator("#curve");
            page.waitForCondition(() -> {
                String points = curve.getAttribute("data-points");
                return points != null && Integer.parseInt(points) > 5;
            });
            assertThat(curve.locator("canvas, svg").count()).isPositive();
        }
    }

    private static int tokens(Locator answer) {
        if (answer.count() == 0) return 0;
        String count = answer.getAttribute("data-tokens");
        return count == null ? 0 : Integer.parseInt(count);
    }
}
