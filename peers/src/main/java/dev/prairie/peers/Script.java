package dev.prairie.peers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.CompilationUnit;
import org.bytedeco.pytorch.Function;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The functions of {@code gpt2.torchscript}. In a script, because the bindings lack the fused optimizer. */
final class Script {
    private final CompilationUnit unit;

    Script() {
        // The operators run one after the other as they are written, as in eager PyTorch; the graph executor would
        // first observe some runs and then replace parts, which gains nothing where there is no compiler for them.
        torch.setGraphExecutorOptimize(false);
        torch.getProfilingMode().put(false);
        torch.getExecutorMode().put(false);
        unit = torch.compile(source());
    }

    private static String source() {
        try (InputStream in = Objects.requireNonNull(Script.class.getResourceAsStream("gpt2.torchscript"))) {
            return new String(in.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Function function(String name) {
        return unit.find_function(new QualifiedName(name));
    }

    IValue call(String name, IValue... arguments) {
        return function(name).apply(new IValueVector(arguments));
    }

    /** A list of the script's own kind; the bindings make none of tensors. */
    IValue list(List<Tensor> tensors) {
        IValue list = call("empty");
        for (Tensor t : tensors) call("append", list, new IValue(t));
        return list;
    }
}
