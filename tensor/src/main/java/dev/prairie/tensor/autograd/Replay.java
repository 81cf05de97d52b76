package dev.prairie.tensor.autograd;

import dev.prairie.tensor.Slab;
import dev.prairie.tensor.device.Kernels;
import java.util.ArrayList;
import java.util.List;

/**
 * Ops that remember what they ran, so that it can run again: decoding does the same thing for every token. A model is run
 * once with a Replay; {@link #run} then repeats every kernel on the same tensors, without checks and without making an
 * object. What changes from token to token are the numbers in the arrays that were given: ids and positions.
 *
 * <p>The slab must not be reset as long as the replay is used. A model whose steps depend on numbers, such as one that
 * chooses experts, cannot be replayed.
 */
public final class Replay extends Ops {
    private final Kernels kernels;
    private final List<Step> steps = new ArrayList<>();

    public Replay(Kernels kernels, Slab slab) {
        super(kernels, slab);
        this.kernels = kernels;
    }

    @Override
    void record(Step step) {
        steps.add(step);
    }

    /** Everything once more, in order. */
    public void run() {
        for (int i = 0; i < steps.size(); i++) again(steps.get(i));
    }

    private void again(Step step) {
        switch (step) {
            case Step.Embedding s -> kernels.embedding(s.out(), s.table(), s.ids());
            case Step.RmsNorm s -> kernels.rmsNorm(s.out(), s.rstd(), s.x(), s.w(), s.eps());
            case Step.LayerNorm s -> kernels.layerNorm(s.out(), s.mean(), s.rstd(), s.x(), s.w(), s.b(), s.eps());
            case Step.MatMul s -> kernels.matmul(s.out(), s.x(), s.w(), s.bias(), s.residual());
            case Step.PackedMatMul s -> kernels.matmul(s.out(), s.x(), s.w(), s.bias(), s.residual());
            case Step.Adapted s -> kernels.lowRank(s.out(), s.hidden(), s.x(), s.parts());
            case Step.View s -> {}
            case Step.Rope s -> kernels.rope(s.out(), s.x(), s.positions(), s.rotary());
            case Step.Attention s -> kernels.attention(s.out(), s.lse(), s.q(), s.kv(), s.tokens(), s.scoring());
            case Step.Store s -> kernels.store(s.kv(), s.k(), s.v(), s.tokens());
            case Step.SwiGlu s -> kernels.swiGlu(s.out(), s.gate(), s.up());
            case Step.Gelu s -> kernels.gelu(s.out(), s.x());
            case Step.GeluExact s -> kernels.geluExact(s.out(), s.x());
            case Step.SoftCap s -> kernels.softCap(s.out(), s.x(), s.cap());
            case Step.Multiply s -> kernels.multiply(s.out(), s.a(), s.b());
            case Step.Route s -> throw new IllegalStateException("replay: a choice of experts depends on numbers");
            case Step.Mix s -> throw new IllegalStateException("replay: a choice of experts depends on numbers");
            case Step.Add s -> kernels.add(s.out(), s.a(), s.b());
            case Step.Scale s -> kernels.scale(s.out(), s.x(), s.factor());
            case Step.Gather s -> kernels.gather(s.out(), s.x(), s.rows());
            case Step.Cast s -> kernels.cast(s.out(), s.x());
            case Step.CrossEntropy s -> kernels.crossEntropy(s.out(), s.lse(), s.logits(), s.targets());
            case Step.Block s -> throw new IllegalStateException("replay: a block that was forgotten");
        }
    }
}
