package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.serve.api.Routes;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ScriptedModel;
import java.net.http.HttpResponse;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The console's files are there, need nothing from elsewhere, and keep to their own policy. */
@Timeout(60)
final class ConsoleTest {
    private static final Pattern LINK = Pattern.compile("(?:href|src)=\"([^\"]+)\"");
    private static final Pattern IMPORT = Pattern.compile("from \"\\./([^\"]+)\"");

    @Test
    void everythingThePageAsksForIsHere() {
        try (Engine engine = new Engine(new ScriptedModel("a"));
                Server server = new Server(ServerConfig.local(0), engine).start();
                Client client = new Client(server)) {
            HttpResponse<String> page = client.get("/");
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(page.headers().firstValue("content-security-policy"))
                    .hasValueSatisfying(policy -> assertThat(policy).startsWith("default-src 'self'"));
            assertThat(page.body()).doesNotContain("style=").doesNotContainPattern("<script(?![^>]* src=)");
            Matcher links = LINK.matcher(page.body());
            Set<String> seen = new HashSet<>();
            while (links.find()) {
                if (!links.group(1).startsWith("#")) {
                    checkFile(client, "/" + links.group(1), seen);
                }
            }
            // Nothing is offered under the console's names that no page asks for.
            List<String> offered = server.routes().stream()
                    .map(Routes.Route::path)
                    .filter(path -> path.matches("/[a-z]+\\.(js|css|svg)"))
                    .toList();
            assertThat(seen).containsExactlyInAnyOrderElementsOf(offered);
        }
    }

    private static void checkFile(Client client, String path, Set<String> seen) {
        if (!seen.add(path)) {
            return;
        }
        HttpResponse<String> file = client.get(path);
        assertThat(file.statusCode()).as(path).isEqualTo(200);
        String type = file.headers().firstValue("content-type").orElseThrow();
        String expected =
                path.endsWith(".js") ? "text/javascript" : path.endsWith(".css") ? "text/css" : "image/svg+xml";
        assertThat(type).startsWith(expected);
        if (path.endsWith(".js") && !path.equals("/uplot.js") && !path.equals("/marked.js")) {
            assertThat(file.body()).doesNotContain("innerHTML", "insertAdjacentHTML", "document.write", "eval(");
            Matcher imports = IMPORT.matcher(file.body());
            while (imports.find()) {
                checkFile(client, "/" + imports.group(1), seen);
            }
        }
    }
}
