package dev.prairie.model.checkpoint;

import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * Reads the three {@code .bin} forms of llama2.c ({@code export.py} and {@code run.c} of that project), little-endian:
 *
 * <ul>
 *   <li>v0: seven int32, then F32 tensors, the token table first; a negative vocabulary says that the head is separate;
 *   <li>v1: "ak42", version, the seven int32, a byte for the shared head; from byte 256 on F32 tensors, norms first;
 *   <li>v2: the same with a group size; each matrix as int8 values, then one F32 scale for each group of values.
 * </ul>
 *
 * <p>llama2.c turns neighbours (2i, 2i+1) of a head together where we turn (i, i + D/2): the rows of the query and key
 * matrices are put into our order here, which leaves every score, and so every logit, as it was.
 */
public final class Llama2c {
    private static final int MAGIC = 0x616b3432; // "ak42"
    private static final int SIZES = 7 * Integer.BYTES;
    private static final int HEADER = 256;
    private static final String HINT = "the file is damaged, or not a model of llama2.c";

    /** Its models begin a text with 1, and begin the next one where this one ends. */
    private static final int BEGIN = 1;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** T * D numbers that v0 stores and nobody needs: cosines and sines. */
    private static final String ROTARY_TABLES = "rotary tables";

    // The order of the tensors, # for all layers in turn.
    private static final List<String> ORDER_V0 = List.of(
            "tokens",
            "#attention.norm",
            "#attention.q",
            "#attention.k",
            "#attention.v",
            "#attention.out",
            "#feedforward.norm",
            "#feedforward.gate",
            "#feedforward.down",
            "#feedforward.up",
            "norm",
            ROTARY_TABLES,
            "head");
    private static final List<String> ORDER_V1 = List.of(
            "#attention.norm",
            "#feedforward.norm",
            "norm",
            "tokens",
            "#attention.q",
            "#attention.k",
            "#attention.v",
            "#attention.out",
            "#feedforward.gate",
            "#feedforward.down",
            "#feedforward.up",
            "head");

    /** What the header says: where the tensors begin, how many values share a scale (0: F32), and in which order. */
    private record Form(TransformerConfig config, long begin, int group, List<String> order) {
        /** How many bytes a tensor takes. */
        long bytes(Shape shape) {
            boolean quantized = group > 0 && shape.rank() == 2;
            long values = shape.size();
            return quantized ? Math.addExact(values, values / group * Float.BYTES) : values * Float.BYTES;
        }
    }

    private final Path file;
    private final MemorySegment bytes;

    private Llama2c(Path file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    /**
     * Loads a file; all weights are converted to F32 in {@code arena} and need the file no more.
     *
     * @throws CheckpointException for sizes that are impossible or do not match the file's size to the byte
     */
    public static Checkpoint load(Path file, Arena arena) throws IOException {
        try (Arena mapped = Arena.ofConfined();
                FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            var bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), mapped);
            var reader = new Llama2c(file, bytes);
            Form form = reader.form();
            reader.checkSize(form);
            return new Checkpoint(form.config, reader.tensors(form, arena), OptionalInt.of(BEGIN), List.of(BEGIN));
        }
    }

    // ---- the header -------------------------------------------------------------------------------------------

    private Form form() {
        if (bytes.byteSize() < HEADER) // no model is smaller, in any form
        throw new CheckpointException(
                    file, "header", "at least " + HEADER + " bytes", bytes.byteSize() + " bytes", HINT);
        if (bytes.get(INT, 0) != MAGIC) {
            int vocabulary = bytes.get(INT, 5 * Integer.BYTES);
            if (vocabulary == Integer.MIN_VALUE) throw wrong("vocabulary", "a possible size", vocabulary);
            return new Form(config(0, Math.abs(vocabulary), vocabulary > 0), SIZES, 0, ORDER_V0);
        }
        int version = bytes.get(INT, 4);
        int shared = bytes.get(ValueLayout.JAVA_BYTE, 8 + SIZES);
        if (version != 1 && version != 2) throw wrong("version", "1 or 2", version);
        if (shared != 0 && shared != 1) throw wrong("shared head", "0 or 1", shared);
        TransformerConfig config = config(8, bytes.get(INT, 8 + 5 * Integer.BYTES), shared == 1);
        if (version == 1) return new Form(config, HEADER, 0, ORDER_V1);
        int group = bytes.get(INT, 8 + SIZES + 1);
        if (group < 1) throw wrong("group size", "at least 1", group);
        var form = new Form(config, HEADER, group, ORDER_V1);
        oneLayer(config).parameterShapes().forEach((name, shape) -> {
            if (shape.rank() == 2 && shape.size() % group != 0)
                throw wrong("group size", "a divisor of the " + shape.size() + " values of " + name, group);
        });
        return form;
    }

    private TransformerConfig config(long at, int vocabulary, boolean shared) {
        int width = size(at, 0, "width");
        int feedForward = size(at, 1, "feed-forward width");
        int layers = size(at, 2, "layers");
        int heads = size(at, 3, "heads");
        int keyHeads = size(at, 4, "key heads");
        int context = size(at, 6, "context");
        try {
            return TransformerConfig.llama(vocabulary, context, layers, width, heads, keyHeads, feedForward, shared);
        } catch (IllegalArgumentException e) { // what the record itself refuses
            throw new CheckpointException(file, "header", "a possible model", String.valueOf(e.getMessage()), HINT);
        }
    }

    private int size(long at, int index, String what) {
        int value = bytes.get(INT, at + (long) index * Integer.BYTES);
        if (value < 1) throw wrong(what, "at least 1", value);
        return value;
    }

    private CheckpointException wrong(String what, String expected, int found) {
        return new CheckpointException(file, what, expected, String.valueOf(found), HINT);
    }

    /** All sizes follow from the header, and must add up to the file to the byte before anything is allocated. */
    private void checkSize(Form form) {
        String expected;
        try {
            long one = 0;
            long rest = form.begin;
            for (var p : oneLayer(form.config).parameterShapes().entrySet())
                if (p.getKey().startsWith("layers.")) one = Math.addExact(one, form.bytes(p.getValue()));
                else rest = Math.addExact(rest, form.bytes(p.getValue()));
            if (form.order.contains(ROTARY_TABLES)) rest = Math.addExact(rest, rotaryTables(form));
            long size = Math.addExact(rest, Math.multiplyExact(one, form.config.layers()));
            if (size == bytes.byteSize()) return;
            expected = size + " bytes";
        } catch (ArithmeticException tooLarge) {
            expected = "more bytes than a file can have";
        }
        throw new CheckpointException(file, "file", expected + " by its header", bytes.byteSize() + " bytes", HINT);
    }

    private static long rotaryTables(Form form) {
        return Math.multiplyExact((long) form.config.context() * form.config.headWidth(), Float.BYTES);
    }

    private static TransformerConfig oneLayer(TransformerConfig c) {
        return TransformerConfig.llama(
                c.vocabulary(),
                c.context(),
                1,
                c.width(),
                c.heads(),
                c.keyHeads(),
                c.feedForward().width(),
                c.tiedHead());
    }

    // ---- the tensors ------------------------------------------------------------------------------------------

    private Map<String, Tensor> tensors(Form form, Arena arena) {
        Map<String, Shape> shapes = form.config.parameterShapes();
        var found = new HashMap<String, Tensor>();
        long at = form.begin;
        for (String name : names(form)) {
            Shape shape = shapes.get(name);
            if (shape == null) { // the tables, or the head of a model that shares it
                if (name.startsWith(ROTARY_TABLES)) at += rotaryTables(form);
                continue;
            }
            Tensor t = Tensor.zeros(arena, shape);
            int heads = name.endsWith("attention.q.weight")
                    ? form.config.heads()
                    : name.endsWith("attention.k.weight") ? form.config.keyHeads() : 0;
            int width = shape.last();
            for (int row = 0; row < shape.rows(); row++) {
                int to = heads == 0 ? row : halfSplit(row, shape.rows() / heads);
                for (int i = 0; i < width; i++)
                    t.set((long) to * width + i, value(form, at, shape, (long) row * width + i));
            }
            at += form.bytes(shape);
            found.put(name, t);
        }
        var ordered = new LinkedHashMap<String, Tensor>();
        shapes.keySet().forEach(name -> ordered.put(name, Objects.requireNonNull(found.get(name), name)));
        return ordered;
    }

    private static List<String> names(Form form) {
        var names = new ArrayList<String>();
        for (String kind : form.order)
            if (!kind.startsWith("#")) names.add(kind + ".weight");
            else
                for (int l = 0; l < form.config.layers(); l++)
                    names.add("layers." + l + "." + kind.substring(1) + ".weight");
        return names;
    }

    /** Value {@code i} of the tensor that begins at byte {@code at}. */
    private float value(Form form, long at, Shape shape, long i) {
        if (form.group == 0 || shape.rank() == 1) return bytes.get(FLOAT, at + i * Float.BYTES);
        float scale = bytes.get(FLOAT, at + shape.size() + i / form.group * Float.BYTES);
        return bytes.get(ValueLayout.JAVA_BYTE, at + i) * scale;
    }

    /** Where a row of neighbouring pairs goes: in each head first the even rows, then the odd ones. */
    private static int halfSplit(int row, int headWidth) {
        int inHead = row % headWidth;
        return row - inHead + inHead / 2 + (inHead % 2 == 0 ? 0 : headWidth / 2);
    }
}
