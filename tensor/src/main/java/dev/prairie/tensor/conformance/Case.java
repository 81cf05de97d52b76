package dev.prairie.tensor.conformance;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import dev.prairie.tensor.Tensor;
import dev.prairie.tensor.autograd.Ops;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.PackedWeights;
import java.util.List;
import java.util.stream.Collectors;

/** One row of the conformance table: an operation, the shapes of its inputs, and how to run it. */
public sealed interface Case {
    /** The operation's name as in {@link Ops} or {@link GradKernels}. */
    String op();

    /** What is special about this row: {@code odd width}, {@code paged}. */
    String note();

    /** Shapes of the random inputs. */
    List<Shape> inputs();

    /** How far a result may be from the reference: {@code |a - b| <= tolerance * (1 + |b|)}. */
    double tolerance();

    /**
     * The same in {@code precision}. Products of the same rounded operands are as close as ever; but what attention rounds
     * on its way (probabilities, scaled queries, slopes), and adapters between their two products, may fall on either side:
     * one BF16 unit, 2⁻⁸, in each term.
     */
    default double tolerance(DType precision) {
        boolean inSteps = List.of("attention", "adapt", "lowRank").contains(op());
        return precision == DType.BF16 && inSteps ? Math.max(tolerance(), 0x1p-6) : tolerance();
    }

    /** {@code matmul (5, 7) (3, 7) odd}. */
    default String title() {
        return op() + " " + inputs().stream().map(Shape::toString).collect(Collectors.joining(" ")) + " " + note();
    }

    /** An op that a model may call: its output and the gradients of its inputs are compared. */
    record Differentiable(String op, String note, List<Shape> inputs, double tolerance, Forward forward)
            implements Case {}

    /**
     * A product with packed weights: the output and the gradients of x, bias and residual are compared. Inputs are
     * {@code x(…, C)}, the weights {@code (O, C)} before they become of type {@code type}, and maybe {@code bias(O)} and
     * {@code residual(…, O)}.
     */
    record Packed(String op, String note, List<Shape> inputs, double tolerance, DType type) implements Case {
        /** {@code others}: x, and bias and residual where there are any. */
        Tensor forward(Ops ops, List<Tensor> others, PackedWeights w) {
            Tensor bias = others.size() > 1 ? others.get(1) : null;
            Tensor residual = others.size() > 2 ? others.get(2) : null;
            return ops.matmul(others.get(0), w, bias, residual);
        }
    }

    /** A kernel that only training calls: what it leaves in its inputs is compared. */
    record InPlace(String op, String note, List<Shape> inputs, double tolerance, Effect effect) implements Case {}

    /** From inputs to the one output, through ops alone. */
    interface Forward {
        Tensor apply(Ops ops, List<Tensor> inputs);
    }

    /** Changes its inputs. */
    interface Effect {
        void apply(GradKernels kernels, List<Tensor> inputs);
    }
}
