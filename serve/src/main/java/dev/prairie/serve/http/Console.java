package dev.prairie.serve.http;

import dev.prairie.serve.api.Routes;
import dev.prairie.serve.api.Scope;
import dev.prairie.serve.api.Surface;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * The web console: a few files of our own, the plotting library and the one that takes Markdown apart, each under its exact
 * path and nothing else. Needs no network beyond this server.
 */
final class Console implements Surface {
    /** No script or style from elsewhere, none inside the page, no text that becomes HTML, and no page around it. */
    private static final String POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
            + " form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    private static final String OWN = "dev/prairie/serve/console/";
    private static final String PLOT = "META-INF/resources/webjars/uplot/1.6.30/dist/";
    private static final String MARKDOWN = "META-INF/resources/_static/marked/17.0.5/lib/";

    private static final List<String> STYLES = List.of("console", "chat", "figures");
    private static final List<String> SCRIPTS = List.of(
            "announce",
            "answer",
            "chart",
            "chat",
            "chinese",
            "compare",
            "composer",
            "console",
            "conversations",
            "dom",
            "drawers",
            "english",
            "live",
            "markdown",
            "message",
            "models",
            "rates",
            "settings",
            "store",
            "stream",
            "theme",
            "tokens",
            "training",
            "usage",
            "words");

    @Override
    public void addTo(Routes routes) {
        add(routes, "/", OWN + "index.html", "text/html; charset=utf-8");
        add(routes, "/icon.svg", OWN + "icon.svg", "image/svg+xml");
        for (String style : STYLES) {
            add(routes, "/" + style + ".css", OWN + style + ".css", "text/css; charset=utf-8");
        }
        for (String script : SCRIPTS) {
            add(routes, "/" + script + ".js", OWN + script + ".js", "text/javascript; charset=utf-8");
        }
        add(routes, "/uplot.js", PLOT + "uPlot.esm.js", "text/javascript; charset=utf-8");
        add(routes, "/uplot.css", PLOT + "uPlot.min.css", "text/css; charset=utf-8");
        add(routes, "/marked.js", MARKDOWN + "marked.esm.js", "text/javascript; charset=utf-8");
    }

    private static void add(Routes routes, String path, String resource, String contentType) {
        byte[] content = read(resource);
        routes.get(path, Scope.ANY, call -> {
            Context context = call.context();
            context.header("Content-Security-Policy", POLICY);
            context.header("Cache-Control", "no-cache");
            context.contentType(contentType).result(content);
        });
    }

    private static byte[] read(String resource) {
        // Our own pages lie in a package of this module, which its class alone may look into; a webjar's do not.
        try (InputStream in = resource.startsWith(OWN)
                ? Console.class.getResourceAsStream("/" + resource)
                : Console.class.getClassLoader().getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("console: " + resource + " is missing; build the server again");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("console: " + resource + " cannot be read", e);
        }
    }
}
