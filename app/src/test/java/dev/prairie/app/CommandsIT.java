package dev.prairie.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.testing.Demand;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CommandsIT {
    private static final Path ROOT =
            Path.of(System.getProperty("prairie.root", "..")).toAbsolutePath();

    @TempDir
    Path folder;

    private Prairie.Result prairie(String... arguments) throws Exception {
        return Prairie.run(folder, arguments);
    }

    /** A mistake of the user's: two lines, what and what to do, code 2, nothing on standard output. */
    private void refused(String what, String wayOut, String... arguments) throws Exception {
        Prairie.Result result = prairie(arguments);
        assertThat(result.code()).as(result.err()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        List<String> lines = result.err().lines().toList();
        assertThat(result.err()).doesNotContain("\tat ").doesNotContain("Exception in");
        assertThat(lines.get(lines.size() - 2)).startsWith("prairie: ").contains(what);
        assertThat(lines.getLast()).startsWith("         ").contains(wayOut);
    }

    private static JsonNode json(Prairie.Result result) {
        return JsonMapper.shared().readTree(result.lastLine());
    }

    @Test
    void everyCommandHasHelp() throws Exception {
        for (String command : List.of(
                "quickstart",
                "train",
                "run",
                "tokenize",
                "serve",
                "keys",
                "pull",
                "models",
                "convert",
                "perplexity",
                "doctor",
                "bench",
                "version")) {
            Prairie.Result result = prairie(command, "--help");
            assertThat(result.code()).as(command).isZero();
            assertThat(result.out()).contains("Usage: prairie " + command);
        }
        assertThat(prairie().out()).contains("quickstart").contains("Begin with: prairie quickstart");
        assertThat(prairie("version").out()).startsWith("prairie 0.").contains("JDK 25");
    }

    @Test
    void doctorFindsTheBestDeviceAndItComputesRight() throws Exception {
        JsonNode doctor = json(prairie("doctor", "--json"));
        assertThat(doctor.path("jdk").stringValue()).startsWith("25.");
        assertThat(doctor.path("cpu").stringValue()).isNotBlank();
        String device = doctor.path("device").path("name").stringValue();
        List<String> unusable = new ArrayList<>();
        for (JsonNode u : doctor.path("unusable")) unusable.add(u.path("name").stringValue());
        if (unusable.contains("cpu:codegen")) assertThat(device).isEqualTo("cpu:vector");
        else assertThat(device).isEqualTo("cpu:codegen");
        assertThat(doctor.path("device").path("score").intValue()).isGreaterThan(100);
        assertThat(doctor.path("unusable").isArray()).isTrue();
        assertThat(doctor.path("conformance").path("cases").intValue()).isGreaterThan(100);
        assertThat(doctor.path("conformance").path("failed").intValue()).isZero();
        assertThat(prairie("doctor").out()).contains(device).contains("GFLOP/s");
        assertThat(prairie("doctor", "--device", "cpu:vector").out())
                .contains("cpu:vector")
                .contains("GFLOP/s");
    }

    @Test
    void benchServingServesManyAtOnce() throws Exception {
        JsonNode line = json(prairie(
                "bench", "serving", "--streams", "3", "--prompt", "8", "--generate", "8", "--rounds", "1", "--json"));
        assertThat(line.propertyNames())
                .containsExactly(
                        "model",
                        "streams",
                        "threads",
                        "tokensPerSecond",
                        "firstTokenMillis",
                        "stepMillis",
                        "schedulingMillisPerStep");
        assertThat(line.path("model").stringValue()).isEqualTo("llama-15m, Q4_0");
        assertThat(line.path("tokensPerSecond").doubleValue()).isPositive();
    }

    @Test
    void benchTellsWhatTheMachineCanDoAndWhatEachKernelDoes() throws Exception {
        JsonNode bench = json(prairie("bench", "operators", "--quick", "--json", "--threads", "2"));
        assertThat(bench.propertyNames()).containsExactly("threads", "peaks", "cases");
        assertThat(bench.path("threads").intValue()).isEqualTo(2);
        assertThat(bench.path("peaks").propertyNames()).containsExactly("f32", "bf16", "int8", "readGBs");
        assertThat(bench.path("peaks").path("f32").doubleValue()).isPositive();
        assertThat(bench.path("cases").size()).isGreaterThan(30);
        for (JsonNode c : bench.path("cases")) {
            assertThat(c.propertyNames()).containsExactly("op", "type", "shape", "rate", "unit", "share");
            assertThat(c.path("unit").stringValue()).isIn("GFLOP/s", "GOP/s", "GB/s");
            assertThat(c.path("rate").doubleValue()).as(c.toString()).isPositive();
        }
        Prairie.Result plain = prairie("bench", "operators", "--quick", "--device", "cpu:vector");
        assertThat(plain.out()).contains("cpu:vector").contains("peak READ").contains("matmulBackwardWeight");
    }

    @Test
    void benchComparesTheTiersOfThisPlatform() throws Exception {
        refused("--ab compares", "choose another", "bench", "training", "--ab", "--device", "cpu:vector");
        JsonNode doctor = json(prairie("doctor", "--json"));
        String device = doctor.path("device").path("name").stringValue();
        if (device.equals("cpu:vector")) return; // there is no other tier
        JsonNode line = json(prairie("bench", "training", "--ab", "--steps", "1", "--json"));
        assertThat(line.propertyNames())
                .containsExactly("model", "precision", "ours", "peer", "ratio", "lossDifference");
        assertThat(line.path("ours").path("tokensPerSecond").doubleValue()).isPositive();
        assertThat(line.path("peer").propertyNames()).containsExactly("name", "tokensPerSecond");
        assertThat(line.path("peer").path("name").stringValue()).isEqualTo("cpu:vector F32");
        assertThat(line.path("lossDifference").doubleValue()).isBetween(0.0, 0.01);
        JsonNode all = json(prairie("bench", "training", "--steps", "1", "--json"));
        assertThat(all.path("speedup").doubleValue()).isPositive();
        JsonNode profile = json(prairie("bench", "training", "--steps", "1", "--profile", "--json"));
        assertThat(profile.path("outside").doubleValue()).isBetween(0.0, 1.0);
    }

    @Test
    void runContinuesARealModel() throws Exception {
        Path model = Demand.data("stories260k/stories260K.bin");
        JsonNode expected = JsonMapper.shared().readTree(Files.readString(Demand.data("stories260k/expected.json")));
        Prairie.Result result = prairie(
                "run", model.toString(), "Once upon a time", "--raw", "--max-tokens", "196", "--temperature", "0");
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).isEqualTo(expected.path("greedy_text").stringValue());
        assertThat(Prairie.type(folder, "Once upon a time\n/exit\n", "run", model.toString(), "--temperature", "0")
                        .out())
                .contains(", there was a little girl named Lily.");
    }

    @Test
    void convertsModels() throws Exception {
        String from = Demand.data("stories260k").resolve("stories260K.gguf").toString();
        Prairie.Result made = prairie("convert", from, "made/eight.gguf", "--type", "q8_0");
        assertThat(made.code()).as(made.err()).isZero();
        assertThat(made.out()).startsWith("made/eight.gguf: 48 tensors, 11 F32, 5 F16, 32 Q8_0, 0.4 MB");
        assertThat(prairie("convert", "made/eight.gguf", "folder", "--type", "BF16")
                        .code())
                .isZero();
        for (String model : List.of("made/eight.gguf", "folder"))
            assertThat(prairie("run", model, "Once upon a time", "--max-tokens", "12", "--temperature", "0")
                            .out())
                    .as(model)
                    .startsWith(", there was a little girl named Lily");
        refused("Q8_0 already", "convert the original", "convert", "made/eight.gguf", "x.gguf", "--type", "Q4_0");
        refused("a folder holds no Q4_0", "OUT.gguf", "convert", from, "x", "--type", "Q4_0");
        refused("is the model itself", "another name", "convert", "folder", "folder", "--type", "F32");
        refused("expected one of [F32", "convert --help", "convert", from, "x.gguf", "--type", "Q9");
        refused("no model at", "a GGUF file", "convert", "nothing.gguf", "x.gguf", "--type", "Q8_0");
        assertThat(folder.resolve("x.gguf")).doesNotExist();
    }

    @Test
    void tokenizesAsTheModelDoes() throws Exception {
        Path vocabulary = Demand.data("tokenizers/gguf-vocab/ggml-vocab-falcon.gguf");
        Prairie.Result result = prairie(
                "tokenize",
                vocabulary.toString(),
                "--file",
                vocabulary + ".inp",
                "--no-special",
                "--lines-separated-by",
                "__ggml_vocab_test__");
        assertThat(result.code()).as(result.err()).isZero();
        List<String> expected =
                List.of(Files.readString(Path.of(vocabulary + ".out")).split("\n", -1));
        List<String> found = result.out().lines().toList();
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.size(); i++) {
            String ids = JsonMapper.shared()
                    .readTree(found.get(i))
                    .path("ids")
                    .valueStream()
                    .map(JsonNode::asString)
                    .collect(Collectors.joining(" "));
            assertThat(ids).as("text %d", i).isEqualTo(expected.get(i).trim());
        }
        Path folder = Demand.data("stories260k");
        for (String file : List.of("stories260K.gguf", "stories260K.bin", "tok512.bin")) {
            JsonNode line = json(Prairie.type(
                    this.folder, "Once upon", "tokenize", folder.resolve(file).toString(), "--json"));
            assertThat(line.toString())
                    .as(file)
                    .isEqualTo("{\"ids\":[1,403,407],\"pieces\":[\"<s>\",\"▁Once\",\"▁upon\"]}");
        }
        assertThat(prairie("tokenize", vocabulary.toString(), "--text", "Hi").out())
                .contains("Hi");
        refused("no such file", "give the path", "tokenize", vocabulary.toString(), "--file", "missing.txt");
        refused("both give a text", "leave one out", "tokenize", "x", "--file", "a", "--text", "b");
    }

    @Test
    void trainsInterruptsAndResumes() throws Exception {
        Path corpus = Files.writeString(folder.resolve("corpus.txt"), "The quick brown fox. ".repeat(4000));
        String[] recipe = {
            "train",
            "--corpus",
            corpus.toString(),
            "--out",
            "run",
            "--json",
            "--set",
            "layers=1",
            "--set",
            "width=32",
            "--set",
            "context=32",
            "--set",
            "vocabulary=300",
            "--set",
            "steps=100000",
            "--set",
            "checkpointEvery=100000",
            "--set",
            "validateEvery=50"
        };
        try (Prairie training = Prairie.start(folder, recipe)) {
            training.await(line -> line.contains("step 50: validation loss"));
            training.interrupt();
            Prairie.Result result = training.end();
            assertThat(result.err()).contains("continue with: prairie train --resume run");
            assertThat(result.code()).isEqualTo(130);
        }
        assertThat(folder.resolve("run/loss.svg")).exists();
        try (Prairie training = Prairie.start(folder, "train", "--resume", "run", "--json")) {
            training.await(line -> line.contains("resumed at step"));
            training.await(line -> line.contains("/100000  loss"));
            training.interrupt();
            JsonNode line = json(training.end());
            assertThat(line.path("steps").intValue()).isGreaterThanOrEqualTo(50);
            assertThat(line.path("loss").isNumber()).isTrue();
        }
        assertThat(prairie("run", "run", "The", "--raw", "--max-tokens", "5").out())
                .startsWith("The");
        refused("already holds a run", "--resume", recipe);
        refused("--resume goes on", "leave out", "train", "--resume", "run", "--set", "steps=3");
    }

    @Test
    void mistakesEndWithTwoLinesAndCode2() throws Exception {
        Path empty = Files.createFile(folder.resolve("empty.txt"));
        Path binary = Files.write(folder.resolve("binary.dat"), new byte[] {1, 0, 2, 0, (byte) 0xfe});
        Path recipe = Files.writeString(folder.resolve("r.yaml"), "learningrate: 3\nsteps: 5\n");
        Path wrong = Files.writeString(folder.resolve("w.yaml"), "steps: soon\n");
        Path good = Files.writeString(folder.resolve("good.txt"), "word ".repeat(9999));
        refused("--curves needs a peer", "add --peers", "bench", "training", "--curves", "curves.jsonl");
        refused("no such file", "give the path", "train", "--corpus", "missing.txt");
        refused("empty.txt", "", "train", "--corpus", empty.toString());
        refused("binary.dat", "", "train", "--corpus", binary.toString());
        refused("no corpus", "--corpus PATH", "train");
        refused("unknown key learningrate", "learningRate", "train", "--corpus", "x", "--recipe", recipe.toString());
        refused("steps is \"soon\"", "whole number", "train", "--corpus", "x", "--recipe", wrong.toString());
        refused(
                "needs about",
                "recompute",
                "train",
                "--corpus",
                good.toString(),
                "--set",
                "batch=100000",
                "--set",
                "width=4096");
        refused("no model at nothing", "quickstart", "run", "nothing", "hi");
        refused("Unknown option: '--corpsu'", "train --help", "train", "--corpsu");
        refused("device: gpu is not usable", "cpu:vector", "doctor", "--device", "gpu");
        try (var busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(busy.getLocalPort());
            refused("port " + port, "--port", "quickstart", "--port", port);
        }
        assertThat(folder.resolve("runs")).doesNotExist();
    }

    /** nanoGPT's README gives 1.88 for this setting. */
    @Test
    @Tag("soak")
    void shakespeareReachesTheLossOfNanoGpt() throws Exception {
        Prairie.Result result = prairie(
                "train",
                "--recipe",
                ROOT.resolve("recipes/shakespeare-char-cpu.yaml").toString(),
                "--corpus",
                Demand.data("corpora/tinyshakespeare/input.txt").toString(),
                "--out",
                "run",
                "--json");
        JsonNode line = json(result);
        assertThat(line.path("valLoss").doubleValue()).isLessThanOrEqualTo(1.90);
        assertThat(line.propertyNames())
                .containsExactly("run", "steps", "loss", "valLoss", "valBitsPerByte", "tokensPerSecond", "seconds");
        List<String> metrics = Files.readAllLines(folder.resolve("run/metrics.jsonl"));
        assertThat(metrics).hasSize(2000);
        assertThat(JsonMapper.shared().readTree(metrics.getLast()).propertyNames())
                .containsExactly("step", "loss", "valLoss", "lr", "tokensPerSecond", "mfu");
    }
}
