package dev.prairie.peers;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * libtorch in a process of its own, so that its OpenMP pool and its allocator are not in Prairie's. Answers requests on
 * standard input one at a time, each with one line on standard output, and ends with its input. A request is a line of
 * words, and for some what follows it, little-endian:
 *
 * <pre>
 * hello THREADS                        → ok NAME
 * open V T L C H PRECISION  f32 …      → ok HANDLE           weights in the order of the forward pass; F = 4 C
 * step HANDLE B T RATE  i32 … i32 …    → ok LOSS SECONDS     ids, then targets
 * gemm M N K f32|bf16                  → ok GFLOPS
 * </pre>
 *
 * What fails is answered by {@code error} and the reason, and is the end: nobody could tell where the next request begins.
 */
public final class Main {
    private static final int PIECE = 1 << 20;

    private final DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
    private final PrintStream out;
    private final Script script = new Script();
    private final List<Model> models = new ArrayList<>();

    private Main(PrintStream out) {
        this.out = out;
    }

    /** Takes no arguments. */
    public static void main(String[] args) throws IOException {
        var out = new PrintStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)), false, US_ASCII);
        System.setOut(System.err); // what a library prints must not be taken for an answer
        new Main(out).serve();
    }

    private void serve() throws IOException {
        for (String line = line(); !line.isEmpty(); line = line()) {
            try {
                out.println("ok " + answer(line.split(" ", -1)));
                out.flush();
            } catch (RuntimeException e) {
                out.println("error "
                        + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
                out.flush();
                return;
            }
        }
    }

    private String answer(String[] words) throws IOException {
        return switch (words[0]) {
            case "hello" -> hello(Integer.parseInt(words[1]));
            case "open" -> open(words);
            case "step" -> step(words);
            case "gemm" -> gemm(words);
            default -> throw new IllegalArgumentException("peer: no request " + words[0]);
        };
    }

    private String hello(int threads) {
        torch.set_num_threads(threads);
        String config = torch.show_config().getString();
        String allocator = String.valueOf(System.getenv("LD_PRELOAD")).contains("tcmalloc") ? ", tcmalloc" : "";
        return "libtorch " + found(config, "TORCH_VERSION=([\\d.]+)") + " (" + found(config, "BLAS_INFO=(\\w+)")
                + ", oneDNN " + found(config, "MKL-DNN v([\\d.]+)") + allocator + ")";
    }

    private static String found(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        return matcher.find() ? matcher.group(1) : "unknown";
    }

    private String open(String[] words) throws IOException {
        long v = Long.parseLong(words[1]);
        long t = Long.parseLong(words[2]);
        int layers = Integer.parseInt(words[3]);
        long c = Long.parseLong(words[4]);
        int heads = Integer.parseInt(words[5]);
        var precision = Model.Precision.valueOf(words[6].toUpperCase(Locale.ROOT));
        List<Tensor> weights = new ArrayList<>();
        weights.add(floats(v, c));
        weights.add(floats(t, c));
        long[][] layer = {
            {c}, {c}, {c, c}, {c}, {c, c}, {c}, {c, c}, {c}, {c, c}, {c}, {c}, {c}, {4 * c, c}, {4 * c}, {c, 4 * c}, {c}
        };
        for (int l = 0; l < layers; l++) for (long[] shape : layer) weights.add(floats(shape));
        weights.add(floats(c));
        weights.add(floats(c));
        models.add(new Model(script, precision, heads, weights));
        return String.valueOf(models.size() - 1);
    }

    private String step(String[] words) throws IOException {
        int rows = Integer.parseInt(words[2]);
        int n = Math.multiplyExact(rows, Integer.parseInt(words[3]));
        int[] ids = ints(n);
        int[] targets = ints(n);
        Model.Step step = models.get(Integer.parseInt(words[1])).step(rows, ids, targets, Double.parseDouble(words[4]));
        return step.loss() + " " + step.seconds();
    }

    private static String gemm(String[] words) {
        ScalarType type = words[4].equals("bf16") ? ScalarType.BFloat16 : ScalarType.Float;
        return String.valueOf(
                Gemm.rate(Integer.parseInt(words[1]), Integer.parseInt(words[2]), Integer.parseInt(words[3]), type));
    }

    /** The next request; empty at the end. */
    private String line() throws IOException {
        var line = new StringBuilder();
        for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) line.append((char) b);
        return line.toString();
    }

    private Tensor floats(long... shape) throws IOException {
        Tensor tensor = torch.empty(shape);
        FloatBuffer to = tensor.data_ptr_float().capacity(tensor.numel()).asBuffer();
        byte[] piece = new byte[PIECE];
        while (to.hasRemaining()) {
            int bytes = Math.min(PIECE, 4 * to.remaining());
            in.readFully(piece, 0, bytes);
            to.put(ByteBuffer.wrap(piece, 0, bytes)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer());
        }
        return tensor;
    }

    private int[] ints(int count) throws IOException {
        byte[] bytes = new byte[Math.multiplyExact(4, count)];
        in.readFully(bytes);
        int[] values = new int[count];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(values);
        return values;
    }
}
