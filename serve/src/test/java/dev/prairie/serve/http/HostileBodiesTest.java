package dev.prairie.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ScriptedModel;
import dev.prairie.testing.Demand;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies and headers of someone who means ill: each is refused as the client's mistake, and the server lives on. */
@Timeout(180)
@SuppressWarnings("NullAway.Init") // made before all
final class HostileBodiesTest {
    private static final List<String> PATHS = List.of("/v1/completions", "/v1/chat/completions");

    private static Engine engine;
    private static Server server;
    private static Client client;

    @BeforeAll
    static void start() {
        engine = new Engine(new ScriptedModel("Hello, world!", 64, step -> {}));
        server = new Server(ServerConfig.local(0), engine).start();
        client = new Client(server);
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
        engine.close();
    }

    @AfterEach
    void theServerLives() {
        assertThat(client.get("/health").statusCode()).isEqualTo(200);
    }

    @Test
    void everyTextOfTheJsonTestSuite() throws IOException {
        List<String> wrong = new ArrayList<>();
        int count = 0;
        try (Stream<Path> files = Files.walk(Demand.data("benchmarks/jsontestsuite"))) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
                byte[] text = Files.readAllBytes(file);
                List<byte[]> bodies = List.of(text, field("prompt", text), field("messages", text));
                for (int b = 0; b < bodies.size(); b++) {
                    byte[] body = bodies.get(b);
                    for (String path : PATHS) {
                        int status = post(path, body);
                        count++;
                        // A text may be a prompt; whatever it is, it must not be the server's mistake.
                        boolean good = (status >= 400 && status < 500)
                                || (status == 200 && b > 0 && path.equals("/v1/completions"));
                        if (!good) {
                            wrong.add(file.getFileName() + " to " + path + ": " + status);
                        }
                    }
                }
                assertThat(client.get("/health").statusCode()).as("%s", file).isEqualTo(200);
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(count).isGreaterThan(600);
    }

    private static byte[] field(String name, byte[] value) {
        byte[] head = ("{\"model\": \"scripted\", \"" + name + "\": ").getBytes(StandardCharsets.UTF_8);
        byte[] body = new byte[head.length + value.length + 1];
        System.arraycopy(head, 0, body, 0, head.length);
        System.arraycopy(value, 0, body, head.length, value.length);
        body[body.length - 1] = '}';
        return body;
    }

    private static int post(String path, byte[] body) {
        return client.send(client.request(path)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build())
                .statusCode();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"temperature\": 1e999",
                "\"temperature\": -1e999",
                "\"temperature\": NaN",
                "\"temperature\": -Infinity",
                "\"temperature\": 1e-400",
                "\"top_p\": 1e400",
                "\"top_k\": 1e300",
                "\"max_tokens\": 1e3",
                "\"max_tokens\": -9223372036854775809",
                "\"n\": -1",
                "\"n\": 1e9",
                "\"seed\": 1e5",
                "\"presence_penalty\": -2.0001",
                "\"logit_bias\": {\"-1\": 1}",
                "\"logit_bias\": {\"1e2\": 1}",
                "\"logit_bias\": {\"99999999999999999999\": 1}",
                "\"logit_bias\": {\"1\": \"x\"}",
                "\"stop\": [[\"a\"]]",
                "\"stop_token_ids\": [-1]",
                "\"stream_options\": []",
                "\"user\": \"\\ud800\", \"temperature\": 9",
            })
    void numbersThatAreNoNumbersOfOurs(String field) {
        for (String path : PATHS) {
            String body =
                    "{\"model\": \"scripted\", \"prompt\": \"a\", \"messages\": [{\"role\": \"user\", \"content\":"
                            + " \"a\"}], " + field + "}";
            String own = path.contains("chat")
                    ? body.replace("\"prompt\": \"a\", ", "")
                    : body.replace("\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], ", "");
            int status = post(path, own.getBytes(StandardCharsets.UTF_8));
            if (field.contains("1e-400")) {
                assertThat(status).as("as good as 0").isEqualTo(200);
            } else {
                assertThat(status).as(field).isEqualTo(400);
            }
        }
    }

    @Test
    void numbersOfManyDigits() {
        for (String field : List.of("temperature", "max_tokens", "seed", "top_k", "n")) {
            for (String digits : List.of("9".repeat(400), "0." + "1".repeat(2_000), "1" + "0".repeat(100_000))) {
                String body = "{\"model\": \"scripted\", \"prompt\": \"a\", \"" + field + "\": " + digits + "}";
                int status = post("/v1/completions", body.getBytes(StandardCharsets.UTF_8));
                assertThat(status).as(field).isIn(field.equals("temperature") ? List.of(200, 400) : List.of(400));
            }
        }
    }

    @Test
    void nestingWithoutEnd() {
        for (String deep :
                List.of("[".repeat(10_000), "{\"a\":".repeat(10_000), "[".repeat(10_000) + "]".repeat(10_000))) {
            for (String name : List.of("prompt", "messages", "tools", "metadata", "response_format", "logit_bias")) {
                for (String path : PATHS) {
                    assertThat(post(path, field(name, deep.getBytes(StandardCharsets.UTF_8))))
                            .as(name)
                            .isEqualTo(400);
                }
            }
        }
    }

    @Test
    void bytesThatAreNoUtf8() {
        for (int[] bytes : List.of(new int[] {0xFF}, new int[] {0xC0, 0xAF}, new int[] {0xED, 0xA0, 0x80}, new int[] {
            0xF5, 0x80, 0x80, 0x80
        })) {
            byte[] text = new byte[bytes.length + 2];
            text[0] = '"';
            text[text.length - 1] = '"';
            for (int i = 0; i < bytes.length; i++) {
                text[i + 1] = (byte) bytes[i];
            }
            assertThat(post("/v1/completions", field("prompt", text))).isEqualTo(400);
        }
        assertThat(post("/v1/completions", field("prompt", "\"a\"".getBytes(StandardCharsets.UTF_16))))
                .isEqualTo(400);
    }

    @Test
    void giantHeaders() {
        String many = "X-Filler: " + "a".repeat(1_000) + "\r\n";
        assertThat(client.raw("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: "
                        + "a".repeat(100_000) + "\r\n\r\n"))
                .startsWith("HTTP/1.1 431");
        assertThat(client.raw("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + many.repeat(200)
                        + "\r\n"))
                .startsWith("HTTP/1.1 431");
        assertThat(client.raw("GET /" + "a".repeat(100_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                .startsWith("HTTP/1.1 414");
    }

    /** A gigabyte in chunks: refused after the limit, and the connection closed on whoever goes on. */
    @Test
    void aBodyOfAGigabyte() throws IOException {
        byte[] chunk = new byte[1 << 20];
        java.util.Arrays.fill(chunk, (byte) ' ');
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            OutputStream out = socket.getOutputStream();
            String type = "Content-Type: application/json\r\nTransfer-Encoding: chunked";
            out.write(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n" + type + "\r\n\r\n")
                    .getBytes(StandardCharsets.UTF_8));
            int sent = 0;
            try {
                for (; sent < 1024; sent++) {
                    out.write("100000\r\n".getBytes(StandardCharsets.UTF_8));
                    out.write(chunk);
                    out.write("\r\n".getBytes(StandardCharsets.UTF_8));
                }
            } catch (SocketException closed) {
                // as it should be: nobody reads all of it
            }
            assertThat(sent).as("MB taken").isLessThan(1024);
            assertThat(status(socket.getInputStream())).isIn("HTTP/1.1 413 Payload Too Large", "");
        }
    }

    /** The first line of the answer; empty if the connection was torn down before it could be read. */
    private static String status(InputStream in) throws IOException {
        try {
            String line = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine();
            return line == null ? "" : line;
        } catch (SocketException torn) {
            return "";
        }
    }
}
