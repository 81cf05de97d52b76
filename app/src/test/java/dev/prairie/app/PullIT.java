package dev.prairie.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.app.hub.LocalHub;
import dev.prairie.testing.Demand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A model from a hub that cuts the connection, to its first words. */
class PullIT {
    @TempDir
    Path folder;

    private final LocalHub hub = new LocalHub();

    private Prairie.Result prairie(String... arguments) throws Exception {
        Map<String, String> environment = Map.of(
                "PRAIRIE_HOME", folder.resolve("home").toString(),
                "PRAIRIE_HUB", hub.base().toString(),
                "PRAIRIE_HUB_TOKEN", "");
        return Prairie.run(folder, environment, arguments);
    }

    @Test
    void pulledModelSpeaksAndIsRemoved() throws Exception {
        Path data = Demand.data("stories260k");
        for (String file : new String[] {"stories260K.bin", "tok512.bin"})
            hub.files.put(file, Files.readAllBytes(data.resolve(file)));
        hub.next("stories260K.bin", LocalHub.cutAfter(100_000));
        JsonNode expected = JsonMapper.shared().readTree(Files.readString(data.resolve("expected.json")));

        Prairie.Result pulled = prairie("pull", "team/model:stories260K.bin", "--json");
        assertThat(pulled.code()).as(pulled.err()).isZero();
        JsonNode line = JsonMapper.shared().readTree(pulled.lastLine());
        assertThat(line.propertyNames()).containsExactly("model", "path", "source", "revision", "bytes", "files");
        assertThat(line.path("bytes").longValue()).isEqualTo(Files.size(data.resolve("stories260K.bin")));
        assertThat(prairie("pull", "team/model:tok512.bin").out()).contains("team/model: 2 files");

        Prairie.Result said = prairie(
                "run",
                "team/model:stories260K.bin",
                "Once upon a time",
                "--raw",
                "--max-tokens",
                "196",
                "--temperature",
                "0");
        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.out()).isEqualTo(expected.path("greedy_text").stringValue());

        assertThat(prairie("models").out()).contains("team/model").contains("2 files");
        assertThat(prairie("models", "show", "team/model").out())
                .contains("stories260K.bin")
                .contains("sha256");
        assertThat(prairie("models", "remove", "team/model").code()).isZero();
        assertThat(prairie("models", "list", "--json").out()).isEmpty();
    }

    @Test
    void whatIsNotThereIsTwoLines() throws Exception {
        for (String[] arguments : new String[][] {
            {"pull", "nothing"},
            {"pull", "team/nothing"},
            {"pull", "team/model", "--hub", "gopher://x"},
            {"models", "show", "team/model"},
            {"run", "team/model"}
        }) {
            Prairie.Result result = prairie(arguments);

            assertThat(result.code()).as(result.err()).isEqualTo(2);
            assertThat(result.err().lines().filter(line -> !line.startsWith("WARNING: "))) // the JVM's own
                    .satisfiesExactly(
                            what -> assertThat(what).startsWith("prairie: "),
                            wayOut -> assertThat(wayOut).startsWith("         "));
        }
    }
}
