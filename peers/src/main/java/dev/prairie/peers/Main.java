package dev.prairie.peers;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * libtorch in a process of its own, so that its OpenMP pool and its allocator are not in Prairie's. Answers on a
 * {@link Pipe}:
 *
 * <pre>
 * hello THREADS                        → ok NAME
 * open V T L C H PRECISION  f32 …      → ok HANDLE           weights in the order of the forward pass; F = 4 C
 * step HANDLE B T RATE  i32 … i32 …    → ok LOSS SECONDS     ids, then targets
 * gemm M N K f32|bf16                  → ok GFLOPS
 * </pre>
 */
public final class Main {
    private final Script script = new Script();
    private final List<Model> models = new ArrayList<>();

    private Main() {}

    /** Takes no arguments. */
    public static void main(String[] args) throws IOException {
        Pipe.serve(new Main()::answer);
    }

    private String answer(String[] words, Pipe pipe) throws IOException {
        return switch (words[0]) {
            case "hello" -> hello(Integer.parseInt(words[1]));
            case "open" -> open(words, pipe);
            case "step" -> step(words, pipe);
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

    private String open(String[] words, Pipe pipe) throws IOException {
        long v = Long.parseLong(words[1]);
        long t = Long.parseLong(words[2]);
        int layers = Integer.parseInt(words[3]);
        long c = Long.parseLong(words[4]);
        int heads = Integer.parseInt(words[5]);
        var precision = Model.Precision.valueOf(words[6].toUpperCase(Locale.ROOT));
        List<Tensor> weights = new ArrayList<>();
        weights.add(floats(pipe, v, c));
        weights.add(floats(pipe, t, c));
        long[][] layer = {
            {c}, {c}, {c, c}, {c}, {c, c}, {c}, {c, c}, {c}, {c, c}, {c}, {c}, {c}, {4 * c, c}, {4 * c}, {c, 4 * c}, {c}
        };
        for (int l = 0; l < layers; l++) for (long[] shape : layer) weights.add(floats(pipe, shape));
        weights.add(floats(pipe, c));
        weights.add(floats(pipe, c));
        models.add(new Model(script, precision, heads, weights));
        return String.valueOf(models.size() - 1);
    }

    private String step(String[] words, Pipe pipe) throws IOException {
        int rows = Integer.parseInt(words[2]);
        int n = Math.multiplyExact(rows, Integer.parseInt(words[3]));
        int[] ids = pipe.ints(n);
        int[] targets = pipe.ints(n);
        Model.Step step = models.get(Integer.parseInt(words[1])).step(rows, ids, targets, Double.parseDouble(words[4]));
        return step.loss() + " " + step.seconds();
    }

    private static String gemm(String[] words) {
        ScalarType type = words[4].equals("bf16") ? ScalarType.BFloat16 : ScalarType.Float;
        return String.valueOf(
                Gemm.rate(Integer.parseInt(words[1]), Integer.parseInt(words[2]), Integer.parseInt(words[3]), type));
    }

    private static Tensor floats(Pipe pipe, long... shape) throws IOException {
        Tensor tensor = torch.empty(shape);
        pipe.floats(tensor.data_ptr_float().capacity(tensor.numel()).asBuffer());
        return tensor;
    }
}
