package dev.prairie.app.hub;

import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** How a hub is asked: which addresses, and what its lists look like. */
public enum HubKind {
    /** As huggingface.co: {@code /api/models/…/tree/REVISION} and {@code /…/resolve/REVISION/FILE}. */
    HUGGING_FACE("main") {
        @Override
        Optional<List<RemoteFile>> list(Http http, URI base, ModelName model, String revision) {
            String api = base + "/api/models/" + model.whole();
            List<RemoteFile> files = new ArrayList<>();
            Optional<String> next = Optional.of(api + "/tree/" + encoded(revision) + "?recursive=true");
            for (int page = 0; next.isPresent(); page++) {
                if (page == MOST_PAGES) throw new HubException(base + " lists without end; do not use this hub");
                URI uri = URI.create(next.get());
                Optional<Http.Reply> reply = http.get(uri);
                if (reply.isEmpty()) return page == 0 ? siblings(http, api) : Optional.empty();
                for (JsonNode node : json(uri, reply.get().body()))
                    if (node.path("type").asString("file").equals("file")) {
                        JsonNode large = node.path("lfs");
                        files.add(listed(
                                node.path("path"),
                                large.path("size").isNumber() ? large.path("size") : node.path("size"),
                                large.path("oid")));
                    }
                next = reply.get().header("Link").flatMap(link -> following(uri, link));
            }
            return Optional.of(files);
        }

        @Override
        URI file(URI base, ModelName model, String revision, String path) {
            return URI.create(base + "/" + model.whole() + "/resolve/" + encoded(revision) + "/"
                    + encoded(path).replace("%2F", "/"));
        }

        // Hubs that mirror a few models answer this alone; it states no sizes.
        private Optional<List<RemoteFile>> siblings(Http http, String api) {
            URI uri = URI.create(api);
            return http.get(uri).map(reply -> {
                List<RemoteFile> files = new ArrayList<>();
                for (JsonNode node : json(uri, reply.body()).path("siblings"))
                    files.add(listed(
                            node.path("rfilename"),
                            node.path("size"),
                            node.path("lfs").path("sha256")));
                return files;
            });
        }
    },

    /** As modelscope.cn: {@code /api/v1/models/…/repo/files} and {@code /api/v1/models/…/repo?FilePath=FILE}. */
    MODELSCOPE("master") {
        @Override
        Optional<List<RemoteFile>> list(Http http, URI base, ModelName model, String revision) {
            URI uri = URI.create(base + "/api/v1/models/" + model.whole() + "/repo/files?Revision=" + encoded(revision)
                    + "&Recursive=true");
            return http.get(uri).map(reply -> {
                List<RemoteFile> files = new ArrayList<>();
                for (JsonNode node : json(uri, reply.body()).path("Data").path("Files"))
                    if (!node.path("Type").asString("blob").equals("tree"))
                        files.add(listed(node.path("Path"), node.path("Size"), node.path("Sha256")));
                return files;
            });
        }

        @Override
        URI file(URI base, ModelName model, String revision, String path) {
            return URI.create(base + "/api/v1/models/" + model.whole() + "/repo?Revision=" + encoded(revision)
                    + "&FilePath=" + encoded(path));
        }
    };

    private static final int MOST_PAGES = 100;
    private static final Pattern NEXT = Pattern.compile("<([^>]*)>\\s*;\\s*rel=\"?next\"?");

    private final String usualRevision;

    HubKind(String usualRevision) {
        this.usualRevision = usualRevision;
    }

    /** What is meant where no revision is named. */
    String usualRevision() {
        return usualRevision;
    }

    /** The files of a model; empty if the hub knows none of that name and revision. */
    abstract Optional<List<RemoteFile>> list(Http http, URI base, ModelName model, String revision);

    /** Where a file is. */
    abstract URI file(URI base, ModelName model, String revision, String path);

    private static RemoteFile listed(JsonNode path, JsonNode size, JsonNode sha256) {
        return new RemoteFile(
                path.asString(""),
                size.isIntegralNumber() && size.canConvertToLong()
                        ? OptionalLong.of(size.longValue())
                        : OptionalLong.empty(),
                sha256.isString() ? Optional.of(sha256.stringValue()) : Optional.empty());
    }

    private static JsonNode json(URI uri, byte[] body) {
        try {
            return JsonMapper.shared().readTree(body);
        } catch (JacksonException none) {
            throw new HubException(uri + " answers with what is no JSON; check the address of the hub", none);
        }
    }

    private static Optional<String> following(URI from, String link) {
        Matcher matcher = NEXT.matcher(link);
        return matcher.find() ? Optional.of(from.resolve(matcher.group(1)).toString()) : Optional.empty();
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
