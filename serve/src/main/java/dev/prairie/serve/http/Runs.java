package dev.prairie.serve.http;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The training runs in a folder, as their files tell: {@code NAME/run.json} (state and plan) and
 * {@code NAME/metrics.jsonl} (one line per reported step). Both are written by another process while we read, so either
 * may be missing or half there.
 */
final class Runs {
    private static final int LARGEST_RUN_JSON = 1 << 20;

    private final @Nullable Path root;

    /** Null: there are none. */
    Runs(@Nullable Path root) {
        this.root = root;
    }

    /** Every run in brief, the one that was last active first. */
    List<Map<String, Object>> list() {
        if (root == null || !Files.isDirectory(root)) {
            return List.of();
        }
        List<Path> folders = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(root, Runs::isRun)) {
            entries.forEach(folders::add);
        } catch (IOException e) {
            throw new UncheckedIOException("runs: the folder cannot be read", e);
        }
        folders.sort(Comparator.comparingLong(Runs::changed).reversed().thenComparing(Path::getFileName));
        return folders.stream().map(Runs::brief).toList();
    }

    /** The metrics of run {@code name} from the first line with a step above {@code after}. */
    List<ObjectNode> metrics(String name, long after) {
        RunTail tail = new RunTail(metricsFile(folder(name)), after);
        List<ObjectNode> all = new ArrayList<>();
        for (List<ObjectNode> more = tail.next(); !more.isEmpty() || tail.behind(); more = tail.next()) {
            all.addAll(more);
        }
        return all;
    }

    /** A reader of the metrics of run {@code name} that can be asked again and again. */
    RunTail tail(String name, long after) {
        return new RunTail(metricsFile(folder(name)), after);
    }

    /** Run {@code name} in brief. */
    Map<String, Object> brief(String name) {
        return brief(folder(name));
    }

    /** The folder of a run: a direct child of the root and nothing else, whatever the name tries to say. */
    private Path folder(String name) {
        if (root != null && !name.isEmpty() && !name.equals(".") && !name.equals("..")) {
            boolean plain = name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
            if (plain) {
                Path folder = root.resolve(name);
                if (isRun(folder)) {
                    return folder;
                }
            }
        }
        throw new ApiException(
                404, "invalid_request_error", "run: \"" + name + "\" is not here", "name", "run_not_found");
    }

    private static boolean isRun(Path folder) {
        return Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                && (isFile(metricsFile(folder)) || isFile(folder.resolve("run.json")));
    }

    private static boolean isFile(Path file) {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
    }

    private static Path metricsFile(Path folder) {
        return folder.resolve("metrics.jsonl");
    }

    private static Map<String, Object> brief(Path folder) {
        ObjectNode run = runFile(folder);
        ObjectNode last = null;
        JsonNode valLoss = null;
        for (ObjectNode line : RunTail.lastLines(metricsFile(folder))) {
            last = line;
            if (line.path("valLoss").isNumber()) {
                valLoss = line.get("valLoss");
            }
        }
        return Json.object(
                "name",
                String.valueOf(folder.getFileName()),
                "state",
                run != null && run.path("state").isString() ? run.get("state") : "unknown",
                "step",
                field(last, "step"),
                "steps",
                field(run, "steps"),
                "loss",
                field(last, "loss"),
                "valLoss",
                valLoss,
                "parameters",
                field(run, "parameters"),
                "corpus",
                field(run, "corpus"),
                "changed",
                changed(folder) / 1000);
    }

    private static @Nullable JsonNode field(@Nullable ObjectNode object, String name) {
        return object == null ? null : object.get(name);
    }

    private static @Nullable ObjectNode runFile(Path folder) {
        Path file = folder.resolve("run.json");
        try {
            return isFile(file) && Files.size(file) <= LARGEST_RUN_JSON
                    ? Json.parseLenient(Files.readAllBytes(file))
                    : null;
        } catch (IOException e) {
            return null; // being replaced right now
        }
    }

    /** When the run last wrote something, in milliseconds since 1970. */
    private static long changed(Path folder) {
        return Math.max(changedFile(metricsFile(folder)), changedFile(folder.resolve("run.json")));
    }

    private static long changedFile(Path file) {
        try {
            return isFile(file) ? Files.getLastModifiedTime(file).toMillis() : 0;
        } catch (IOException e) {
            return 0;
        }
    }
}
