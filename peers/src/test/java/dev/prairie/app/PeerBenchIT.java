package dev.prairie.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.model.transformer.TransformerConfig;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command's lines, on a model small enough for the reference kernels, which offer both precisions. */
class PeerBenchIT {
    @TempDir
    Path folder;

    @Test
    void aLineForEachOfOursAgainstEachOfTheirs() throws Exception {
        var text = new StringWriter();
        Path curves = folder.resolve("curves.jsonl");
        var model = new BenchModel("tiny", TransformerConfig.gpt2(97, BenchModel.LENGTH, 1, 16, 2));
        var devices = CommandLine.populateCommand(new DeviceOptions(), "--device", "reference", "--threads", "2");

        new PeerBench(new PrintWriter(text), model, 1, 3, true, curves).run(devices, null);

        List<JsonNode> lines = text.toString().lines().map(PeerBenchIT::json).toList();
        assertThat(lines).extracting(l -> l.path("precision").stringValue()).containsExactly("f32", "bf16", "bf16");
        assertThat(lines)
                .extracting(l -> l.path("peer").path("name").stringValue())
                .satisfiesExactly(
                        name -> assertThat(name).startsWith("libtorch").endsWith(" F32"),
                        name -> assertThat(name).startsWith("libtorch").endsWith(" F32"),
                        name -> assertThat(name).containsPattern(" BF16(_MASTERS)?$"));
        assertThat(lines).allSatisfy(line -> {
            double ours = line.path("ours").path("tokensPerSecond").doubleValue();
            double peers = line.path("peer").path("tokensPerSecond").doubleValue();
            assertThat(ours).isPositive();
            assertThat(peers).isPositive();
            assertThat(line.path("ratio").doubleValue()).isBetween(0.9 * ours / peers, 1.1 * ours / peers + 0.001);
            assertThat(line.path("lossDifference").doubleValue()).isBetween(0.0, 0.01);
        });

        List<JsonNode> steps =
                Files.readAllLines(curves).stream().map(PeerBenchIT::json).toList();
        assertThat(steps).hasSize(3 * 4);
        assertThat(steps).extracting(s -> s.path("step").intValue()).startsWith(1, 2, 3, 4, 1);
        assertThat(steps)
                .allSatisfy(s -> assertThat(s.path("ours").doubleValue())
                        .isBetween(
                                0.99 * s.path("peer").doubleValue(),
                                1.01 * s.path("peer").doubleValue()));
    }

    private static JsonNode json(String line) {
        return JsonMapper.shared().readTree(line);
    }
}
