package dev.prairie.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.prairie.app.peer.ChainText;
import dev.prairie.app.peer.Curves;
import dev.prairie.app.peer.OwnRun;
import dev.prairie.app.peer.Peer;
import dev.prairie.app.peer.PeerException;
import dev.prairie.app.peer.Run;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.Devices;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** libtorch and ours compute the same: the comparison compares like with like. */
class LibtorchIT {
    private static final int ROWS = 3;
    private static final int LENGTH = 20;
    private static final int STEPS = 6;
    private static final float RATE = 3e-3f;
    private static final TransformerConfig CONFIG = TransformerConfig.gpt2(97, 32, 2, 48, 3);

    private static Peer peer;

    @BeforeAll
    static void start() {
        peer = Peer.start(Path.of(System.getProperty("prairie.root")), 2);
    }

    @AfterAll
    static void close() {
        peer.close();
    }

    /** Losses of the peer and of ours, from the same weights on the same tokens. */
    private static Curves together(Peer.Precision theirs, DType ours, String device) {
        try (Device own = Devices.probe().choose(Optional.of(device)).provider().open(2);
                Arena arena = Arena.ofShared()) {
            Transformer model = Transformer.initialise(CONFIG, arena, 5);
            // Norms of 1 and biases of 0 would let a forgotten one pass.
            model.parameters().forEach((name, t) -> {
                if (t.shape().rank() == 1)
                    for (int i = 0; i < t.shape().size(); i++)
                        t.set(i, t.get(i) + 0.1f * (float) Math.sin(i + name.length()));
            });
            Run other = peer.open(model, theirs);
            try (var run = new OwnRun(model, own, ours)) {
                return Curves.of(List.of(other, run), new ChainText(97, ROWS, LENGTH, 2), RATE, 0, STEPS);
            }
        }
    }

    @Test
    void sameLossBeforeAndAfterFiveStepsInF32() {
        double[][] losses =
                together(Peer.Precision.F32, DType.F32, "cpu:vector").losses();

        assertThat(losses[1][0]).isCloseTo(losses[0][0], within(1e-4));
        for (int i = 1; i < STEPS; i++) assertThat(losses[1][i]).as("step " + i).isCloseTo(losses[0][i], within(1e-3));
        assertThat(losses[0][STEPS - 1]).isLessThan(losses[0][0] - 0.5); // else agreeing means little
    }

    @Test
    void roundedProductsLearnAlike() {
        Curves masters = together(Peer.Precision.BF16_MASTERS, DType.BF16, "reference");
        Curves pure = together(Peer.Precision.BF16, DType.BF16, "reference");

        assertThat(masters.lossDifference(1, 0)).isBetween(1e-6, 0.01);
        assertThat(pure.lossDifference(1, 0)).isBetween(1e-6, 0.03);
    }

    @Test
    void namesItselfAndMultiplies() {
        assertThat(peer.name()).matches("libtorch 2\\.\\d+\\.\\d+ \\(mkl, oneDNN [\\d.]+(, tcmalloc)?\\)");
        assertThat(peer.gemm(256, 256, 256, false)).isBetween(1.0, 1e5);
        assertThat(peer.gemm(256, 256, 256, true)).isBetween(1.0, 1e6);
    }

    @Test
    void anotherFormIsRefused() {
        try (Arena arena = Arena.ofConfined()) {
            Transformer llama =
                    Transformer.initialise(TransformerConfig.llama(97, 32, 2, 48, 3, 3, 96, true), arena, 1);

            assertThatThrownBy(() -> peer.open(llama, Peer.Precision.F32))
                    .isInstanceOf(PeerException.class)
                    .hasMessageStartingWith("peer: it has the GPT-2 form, not ");
        }
    }
}
