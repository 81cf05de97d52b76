package dev.prairie.train.loop;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The file {@code metrics.jsonl} of a run: one line a step, appended as it happens. */
public final class Metrics implements AutoCloseable {
    /**
     * One step.
     *
     * @param step            counted from 1
     * @param loss            nats a token, of this step's batch
     * @param valLoss         nats a token over the validation batches, at steps that validate
     * @param lr              learning rate
     * @param tokensPerSecond of training, lately
     * @param mfu             model FLOPs utilisation: share of the device's measured peak
     */
    public record Line(int step, double loss, OptionalDouble valLoss, double lr, double tokensPerSecond, double mfu) {
        String json() {
            var node = JsonMapper.shared().createObjectNode();
            node.put("step", step);
            node.put("loss", loss);
            if (valLoss.isPresent()) node.put("valLoss", valLoss.getAsDouble());
            else node.putNull("valLoss");
            node.put("lr", lr);
            node.put("tokensPerSecond", Math.round(tokensPerSecond * 10) / 10.0);
            node.put("mfu", Math.round(mfu * 1e4) / 1e4);
            return node.toString();
        }
    }

    private final BufferedWriter out;

    private Metrics(BufferedWriter out) {
        this.out = out;
    }

    /** Opens the file after {@code step}: what a killed run wrote beyond its checkpoint is dropped. */
    static Metrics after(Path file, int step) {
        try {
            var kept = new StringBuilder();
            for (Line line : read(file))
                if (line.step <= step) kept.append(line.json()).append('\n');
            RunFolder.write(file, kept.toString());
            return new Metrics(Files.newBufferedWriter(file, StandardOpenOption.APPEND));
        } catch (IOException failure) {
            throw new UncheckedIOException(file + " could not be opened", failure);
        }
    }

    /** The lines of a file, none where it is missing; a line that is not whole is left out. */
    public static List<Line> read(Path file) {
        var lines = new ArrayList<Line>();
        if (!Files.exists(file)) return lines;
        try {
            for (String text : Files.readAllLines(file)) parse(text, lines);
        } catch (IOException failure) {
            throw new UncheckedIOException(file + " could not be read", failure);
        }
        return lines;
    }

    private static void parse(String text, List<Line> lines) {
        try {
            JsonNode n = JsonMapper.shared().readTree(text);
            if (!n.path("step").isInt() || !n.path("loss").isNumber()) return;
            JsonNode val = n.path("valLoss");
            lines.add(new Line(
                    n.path("step").intValue(),
                    n.path("loss").doubleValue(),
                    val.isNumber() ? OptionalDouble.of(val.doubleValue()) : OptionalDouble.empty(),
                    n.path("lr").asDouble(0),
                    n.path("tokensPerSecond").asDouble(0),
                    n.path("mfu").asDouble(0)));
        } catch (JacksonException half) {
            // the last line of a run that was killed while writing it
        }
    }

    void append(Line line) {
        try {
            out.write(line.json());
            out.newLine();
            out.flush();
        } catch (IOException failure) {
            throw new UncheckedIOException("metrics could not be written", failure);
        }
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException failure) {
            throw new UncheckedIOException("metrics could not be closed", failure);
        }
    }
}
