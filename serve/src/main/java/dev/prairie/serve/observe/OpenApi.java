package dev.prairie.serve.observe;

import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Routes.Route;
import dev.prairie.serve.api.Scope;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The server's routes as <a href="https://spec.openapis.org/oas/v3.1.1.html">OpenAPI 3.1</a> describes them: every route of
 * the router and no other. What their bodies look like stands in {@code openapi.json}, by method and path; a route that is
 * not in it takes and gives JSON of which nothing is said.
 */
final class OpenApi {
    private static final Pattern PARAMETER = Pattern.compile("[{<](\\w+)[}>]");

    private OpenApi() {}

    static ObjectNode describe(List<Route> routes) {
        ObjectNode words = words();
        ObjectNode all = Json.node();
        all.put("openapi", "3.1.1");
        ObjectNode info = all.putObject("info");
        info.put("title", "Prairie");
        info.put("version", version());
        info.put("description", "Language models of this machine, under the endpoints that clients know.");
        ObjectNode paths = all.putObject("paths");
        for (Route route : routes) {
            // Javalin writes <name> for a parameter that may have slashes; OpenAPI has one kind.
            String path = PARAMETER.matcher(route.path()).replaceAll("{$1}");
            paths.withObjectProperty(path)
                    .set(
                            route.method().toLowerCase(Locale.ROOT),
                            operation(route, words.path("operations").path(route.method() + " " + route.path())));
        }
        ObjectNode components = all.putObject("components");
        components.set("schemas", words.path("schemas"));
        components.set("responses", words.path("responses"));
        components.set("securitySchemes", words.path("securitySchemes"));
        return all;
    }

    private static ObjectNode operation(Route route, JsonNode said) {
        ObjectNode operation = Json.node();
        operation.put("operationId", id(route));
        operation.put("summary", said.path("summary").asString(route.method() + " " + route.path()));
        ArrayNode parameters = operation.putArray("parameters");
        Matcher names = PARAMETER.matcher(route.path());
        while (names.find()) {
            ObjectNode parameter = parameters.addObject();
            parameter.put("name", names.group(1)).put("in", "path").put("required", true);
            parameter.putObject("schema").put("type", "string");
        }
        if (route.method().equals("POST")) {
            ObjectNode body = operation.putObject("requestBody").put("required", true);
            body.putObject("content").putObject("application/json").set("schema", schema(said.path("request")));
        }
        ObjectNode responses = operation.putObject("responses");
        ObjectNode content = responses
                .putObject("200")
                .put("description", "What was asked for")
                .putObject("content");
        content.putObject(said.path("type").asString("application/json")).set("schema", schema(said.path("response")));
        if (said.path("streams").asBoolean(false)) {
            content.putObject("text/event-stream").putObject("schema").put("type", "string");
        }
        responses.putObject("default").put("$ref", "#/components/responses/Error");
        operation.put("x-prairie-scope", route.scope().word());
        ArrayNode security = operation.putArray("security");
        if (route.scope() != Scope.OPEN) {
            for (String scheme : List.of("bearer", "header", "basic")) {
                security.addObject().putArray(scheme);
            }
            security.addObject(); // at a loopback address no key is needed
        }
        return operation;
    }

    private static ObjectNode schema(JsonNode name) {
        return name.isString() ? Json.node().put("$ref", "#/components/schemas/" + name.stringValue()) : Json.node();
    }

    private static String id(Route route) {
        return (route.method().toLowerCase(Locale.ROOT) + route.path())
                .replaceAll("\\W+", "_")
                .replaceAll("_$", "");
    }

    private static String version() {
        var descriptor = OpenApi.class.getModule().getDescriptor();
        return descriptor == null ? "development" : descriptor.rawVersion().orElse("development");
    }

    /** What is said of bodies. */
    static ObjectNode words() {
        try (InputStream in = OpenApi.class.getResourceAsStream("openapi.json")) {
            return Json.parseObject(Objects.requireNonNull(in, "openapi.json is missing; build the server again")
                    .readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException("openapi.json cannot be read", e);
        }
    }
}
