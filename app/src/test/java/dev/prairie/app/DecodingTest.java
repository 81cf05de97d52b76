package dev.prairie.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.generate.Generator;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import dev.prairie.testing.Demand;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole models with the weights of every type, on the best device of this machine. */
class DecodingTest {
    /** The bar of the project: bytes of the heap for one decoded token, whatever the model. */
    private static final long GARBAGE = 1024;

    private static final int TOKENS = 200, ROUNDS = 1000;
    private static final TransformerConfig CONFIG = TransformerConfig.llama(512, 256, 3, 256, 4, 2, 512, true);

    @TempDir
    Path folder;

    private static Device device() {
        return Devices.probe().choose(Optional.empty()).provider().open(2);
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"BF16", "Q8_0", "Q4_0", "Q4_K", "Q6_K"})
    void aTokenMakesNoGarbage(DType type) {
        try (Device device = device();
                Arena arena = Arena.ofShared()) {
            Demand.platform(device.name().equals("cpu:codegen"), "generated code, whose kernels make no objects");
            var model = RandomModel.make(CONFIG, (name, shape) -> type, device.kernels(), 1, arena)
                    .transformer(device.kernels(), arena);
            var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            try (var session = new Generator(model, device.kernels(), DType.F16).open(TOKENS)) {
                long least = Long.MAX_VALUE; // for some seconds the compilers are at work, and count too
                for (int r = 0; r < ROUNDS && least > 100 * TOKENS; r++) {
                    session.rewind(0);
                    long before = threads.getTotalThreadAllocatedBytes();
                    for (int i = 0; i < TOKENS; i++) session.feed(i);
                    least = Math.min(least, threads.getTotalThreadAllocatedBytes() - before);
                }
                assertThat(least / TOKENS).as("bytes a token, %s", type).isLessThan(GARBAGE);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = "I32", mode = EnumSource.Mode.EXCLUDE)
    void aFileGivesTheBitsOfTheModelThatWasWritten(DType type) throws Exception {
        try (Device device = device();
                Arena arena = Arena.ofShared()) {
            Checkpoint made = RandomModel.make(CONFIG, (name, shape) -> type, device.kernels(), 7, arena);
            Path file = folder.resolve(type + ".gguf");
            RandomFile.write(file, "random", made);
            assertThat(logits(Checkpoint.load(file, arena), device, arena)).isEqualTo(logits(made, device, arena));
        }
    }

    private static float[] logits(Checkpoint checkpoint, Device device, Arena arena) {
        var model = checkpoint.transformer(device.kernels(), arena);
        try (var session = new Generator(model, device.kernels()).open(40)) {
            session.feed(1, 2, 3, 400, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18);
            return session.feed(300).clone();
        }
    }

    @Test
    void aShapeThatNobodyKnowsIsRefused() {
        assertThatThrownBy(() -> RandomModel.shape("llama-9b")).hasMessageContaining("llama-1b");
    }
}
