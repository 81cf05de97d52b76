package dev.prairie.tensor.reference;

import static dev.prairie.tensor.reference.ReferenceKernels.plus;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.LowRank;
import dev.prairie.tensor.Tensor;
import java.lang.foreign.Arena;

/** What an adapter adds to some rows of a projection, forward beside backward. One part at a time, sums in double. */
record LowRankLoops(Operands operands) {
    /** {@code out += h · b} with {@code h = scale · x · aᵀ}, which is kept. */
    void forward(Tensor out, Tensor hidden, Tensor x, LowRank.Part part) {
        int rank = part.rank(), width = x.shape().last(), outputs = out.shape().last();
        Tensor a = numbers(part.a());
        Tensor b = numbers(part.b());
        Tensor h = part.hidden(hidden);
        for (int m = 0; m < part.to() - part.from(); m++) {
            long n = (long) part.from() + m;
            for (int k = 0; k < rank; k++)
                h.set((long) m * rank + k, (float)
                        (part.scale() * operands.product(x, n * width, a, (long) k * width, width)));
            for (int o = 0; o < outputs; o++) {
                double sum = 0;
                for (int k = 0; k < rank; k++)
                    sum += operands.of(h, (long) m * rank + k) * operands.of(b, (long) k * outputs + o);
                plus(out, n * outputs + o, sum);
            }
        }
    }

    /** {@code dB += hᵀ · dOut}, {@code dH = scale · dOut · bᵀ}, {@code dA += dHᵀ · x} and {@code dX += dH · a}. */
    void backward(
            Tensor dX, Tensor dA, Tensor dB, Tensor dHidden, Tensor dOut, Tensor hidden, Tensor x, LowRank.Part part) {
        int rank = part.rank(), width = x.shape().last(), outputs = dOut.shape().last();
        Tensor a = numbers(part.a());
        Tensor b = numbers(part.b());
        Tensor h = part.hidden(hidden);
        Tensor dH = part.hidden(dHidden);
        for (int m = 0; m < part.to() - part.from(); m++) {
            long n = (long) part.from() + m;
            for (int k = 0; k < rank; k++) {
                long at = (long) m * rank + k;
                dH.set(at, (float)
                        (part.scale() * operands.product(dOut, n * outputs, b, (long) k * outputs, outputs)));
                for (int o = 0; o < outputs; o++)
                    plus(dB, (long) k * outputs + o, operands.of(h, at) * operands.of(dOut, n * outputs + o));
                for (int i = 0; i < width; i++)
                    plus(dA, (long) k * width + i, operands.of(dH, at) * operands.of(x, n * width + i));
            }
            for (int i = 0; i < width; i++) {
                double sum = 0;
                for (int k = 0; k < rank; k++)
                    sum += operands.of(dH, (long) m * rank + k) * operands.of(a, (long) k * width + i);
                plus(dX, n * width + i, sum);
            }
        }
    }

    /** As F32, in memory that the collector takes back. */
    private static Tensor numbers(Tensor t) {
        if (t.type() == DType.F32) return t;
        Tensor numbers = Tensor.zeros(Arena.ofAuto(), t.shape());
        if (t.type().quantized()) Quantization.decode(numbers, t);
        else for (long i = 0; i < t.shape().size(); i++) numbers.set(i, Operands.read(t, i));
        return numbers;
    }
}
