package dev.prairie.app.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A hub of one model on this machine, of either form, that does wrong what it is told to. */
public final class LocalHub implements AutoCloseable {
    /** What is answered instead of the file; each is done once. */
    public interface Fault {
        void answer(HttpExchange exchange, byte[] content) throws IOException;
    }

    /** What was asked for. */
    public record Request(String target, Map<String, String> headers) {
        Optional<String> header(String name) {
            return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
        }
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    /** What it has, by path. */
    public final Map<String, byte[]> files = new TreeMap<>();

    final List<Request> requests = new CopyOnWriteArrayList<>();
    private final Map<String, Deque<Fault>> faults = new HashMap<>();
    private UnaryOperator<String> listed = text -> text;
    boolean statesChecksums = true;
    boolean statesSizes = true;
    boolean ignoresRanges;
    boolean hasTree = true;
    boolean huggingFace = true;

    public LocalHub() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    public URI base() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** The next answers for a file, or for {@code list}. */
    public synchronized void next(String path, Fault... given) {
        faults.computeIfAbsent(path, p -> new ArrayDeque<>()).addAll(List.of(given));
    }

    /** Changes the text of every list. */
    void listing(UnaryOperator<String> change) {
        listed = change;
    }

    List<Request> fileRequests() {
        return requests.stream()
                .filter(r -> r.target().contains("/resolve/") || r.target().contains("FilePath="))
                .toList();
    }

    private synchronized Optional<Fault> fault(String path) {
        return Optional.ofNullable(faults.getOrDefault(path, new ArrayDeque<>()).pollFirst());
    }

    private void answer(HttpExchange exchange) throws IOException {
        Map<String, String> headers = new HashMap<>();
        exchange.getRequestHeaders()
                .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.getFirst()));
        String target = exchange.getRequestURI().toString();
        requests.add(new Request(target, headers));
        Optional<String> path = file(exchange.getRequestURI());
        byte[] content = path.isEmpty() ? list(target) : files.getOrDefault(path.get(), new byte[0]);
        Optional<Fault> fault = fault(path.orElse("list"));
        if (fault.isPresent()) fault.get().answer(exchange, content);
        else if (path.isPresent() && files.containsKey(path.get())) send(exchange, content);
        else if (path.isEmpty() && content.length > 0) {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content);
        } else exchange.sendResponseHeaders(404, -1);
        exchange.close();
    }

    private Optional<String> file(URI uri) {
        String path = uri.getPath();
        if (huggingFace && path.startsWith("/team/model/resolve/main/"))
            return Optional.of(path.substring("/team/model/resolve/main/".length()));
        String query = String.valueOf(uri.getRawQuery());
        if (!huggingFace && path.equals("/api/v1/models/team/model/repo"))
            return Optional.of(URLDecoder.decode(
                    query.substring(query.indexOf("FilePath=") + "FilePath=".length()), StandardCharsets.UTF_8));
        return Optional.empty();
    }

    private byte[] list(String target) {
        String text = "";
        if (huggingFace && hasTree && target.equals("/api/models/team/model/tree/main?recursive=true")) text = tree();
        else if (huggingFace && target.equals("/api/models/team/model")) text = siblings();
        else if (!huggingFace && target.equals("/api/v1/models/team/model/repo/files?Revision=master&Recursive=true"))
            text = modelScope();
        return listed.apply(text).getBytes(StandardCharsets.UTF_8);
    }

    private String tree() {
        var list = JsonMapper.shared().createArrayNode();
        list.addObject().put("type", "directory").put("path", "onnx").put("size", 0);
        files.forEach((path, content) -> {
            ObjectNode file = list.addObject().put("type", "file").put("path", path);
            if (statesSizes) file.put("size", content.length);
            if (statesChecksums)
                file.putObject("lfs").put("oid", sha256(content)).put("size", content.length);
        });
        return list.toString();
    }

    private String siblings() {
        var model = JsonMapper.shared().createObjectNode().put("id", "team/model");
        var list = model.putArray("siblings");
        files.keySet().forEach(path -> list.addObject().put("rfilename", path));
        return model.toString();
    }

    private String modelScope() {
        var answer = JsonMapper.shared().createObjectNode().put("Code", 200).put("Success", true);
        var list = answer.putObject("Data").putArray("Files");
        list.addObject().put("Path", "onnx").put("Size", 0).put("Type", "tree");
        files.forEach((path, content) -> list.addObject()
                .put("Path", path)
                .put("Size", content.length)
                .put("Sha256", sha256(content))
                .put("Type", "blob"));
        return answer.toString();
    }

    static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static String tag(byte[] content) {
        return "\"v" + Arrays.hashCode(content) + "\"";
    }

    /** As a right server does. */
    void send(HttpExchange exchange, byte[] content) throws IOException {
        exchange.getResponseHeaders().set("ETag", tag(content));
        String range = exchange.getRequestHeaders().getFirst("Range");
        String condition = exchange.getRequestHeaders().getFirst("If-Range");
        boolean same = condition == null || condition.equals(tag(content));
        if (range == null || ignoresRanges || !same) {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content);
            return;
        }
        int at = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
        part(exchange, content, at);
    }

    static void part(HttpExchange exchange, byte[] content, int at) throws IOException {
        exchange.getResponseHeaders()
                .set("Content-Range", "bytes " + at + "-" + (content.length - 1) + "/" + content.length);
        exchange.sendResponseHeaders(206, content.length - at);
        exchange.getResponseBody().write(content, at, content.length - at);
    }

    /** Promises all and sends so many bytes. */
    public static Fault cutAfter(int bytes) {
        return (exchange, content) -> {
            exchange.getResponseHeaders().set("ETag", tag(content));
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, bytes);
            exchange.getResponseBody().flush();
        };
    }

    static Fault status(int status) {
        return (exchange, content) -> exchange.sendResponseHeaders(status, -1);
    }

    static Fault redirect(String to, Map<String, String> headers) {
        return (exchange, content) -> {
            headers.forEach(exchange.getResponseHeaders()::set);
            exchange.getResponseHeaders().set("Location", to);
            exchange.sendResponseHeaders(302, -1);
        };
    }

    /** The right length, one bit wrong. */
    Fault corrupt() {
        return (exchange, content) -> {
            byte[] wrong = content.clone();
            wrong[wrong.length / 2] ^= 1;
            exchange.sendResponseHeaders(200, wrong.length);
            exchange.getResponseBody().write(wrong);
        };
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
