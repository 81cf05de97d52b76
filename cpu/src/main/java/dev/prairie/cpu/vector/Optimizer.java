package dev.prairie.cpu.vector;

import static dev.prairie.cpu.vector.Memory.LANES;
import static dev.prairie.cpu.vector.Memory.get;
import static dev.prairie.cpu.vector.Memory.load;
import static dev.prairie.cpu.vector.Memory.set;
import static dev.prairie.cpu.vector.Memory.store;

import dev.prairie.cpu.parallel.Split;
import dev.prairie.cpu.parallel.WorkerPool;
import dev.prairie.tensor.device.GradKernels.AdamW;
import dev.prairie.tensor.device.GradKernels.Parameter;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** AdamW, and the norm of the gradients. Arguments are addresses. */
final class Optimizer {
    private static final VectorSpecies<Double> WIDE = DoubleVector.SPECIES_PREFERRED;
    private static final int NORM_CHUNK = 64 * 1024;

    private Optimizer() {}

    /** All parameters in one job: most of them are too small to share out alone. */
    static void adamW(WorkerPool pool, List<Parameter> parameters, AdamW step) {
        float correct1 = (float) (1 / (1 - Math.pow(step.beta1(), step.step())));
        float correct2 = (float) (1 / (1 - Math.pow(step.beta2(), step.step())));
        int[] tasks = new int[parameters.size() + 1]; // those before each parameter
        for (int i = 0; i < parameters.size(); i++)
            tasks[i + 1] = Math.toIntExact(tasks[i] + Math.ceilDiv(size(parameters.get(i)), Split.LIGHT));
        pool.run(tasks[parameters.size()], (task, worker) -> {
            int i = Arrays.binarySearch(tasks, task);
            if (i < 0) i = -i - 2;
            while (tasks[i + 1] == task) i++; // empty ones have no task
            Parameter p = parameters.get(i);
            long first = (long) (task - tasks[i]) * Split.LIGHT;
            long at = 4 * first;
            adamWRange(
                    Memory.at(p.w()) + at,
                    Memory.at(p.gradient()) + at,
                    Memory.at(p.first()) + at,
                    Memory.at(p.second()) + at,
                    p.weightDecay(),
                    step,
                    correct1,
                    correct2,
                    (int) Math.min(Split.LIGHT, size(p) - first));
        });
    }

    private static long size(Parameter p) {
        return p.w().shape().size();
    }

    private static void adamWRange(
            long w, long g, long m, long v, float decay, AdamW step, float correct1, float correct2, int n) {
        float beta1 = step.beta1(), beta2 = step.beta2();
        float gradientScale = step.gradientScale(), epsilon = step.epsilon();
        float rate = step.learningRate(), keep = 1 - step.learningRate() * decay;
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            long at = 4L * i;
            FloatVector grad = load(g + at).mul(gradientScale);
            FloatVector first = load(m + at).mul(beta1).add(grad.mul(1 - beta1));
            FloatVector second = load(v + at).mul(beta2).add(grad.mul(grad).mul(1 - beta2));
            store(m + at, first);
            store(v + at, second);
            FloatVector root = second.mul(correct2).sqrt().add(epsilon);
            FloatVector change = first.mul(correct1).div(root).mul(rate);
            store(w + at, load(w + at).mul(keep).sub(change));
        }
        for (; i < n; i++) {
            long at = 4L * i;
            float grad = get(g + at) * gradientScale;
            float first = get(m + at) * beta1 + grad * (1 - beta1);
            float second = get(v + at) * beta2 + grad * grad * (1 - beta2);
            set(m + at, first);
            set(v + at, second);
            float root = (float) Math.sqrt(second * correct2) + epsilon;
            set(w + at, get(w + at) * keep - first * correct1 / root * rate);
        }
    }

    static double squaredNorm(WorkerPool pool, long x, long size) {
        double[] partial = new double[Math.toIntExact(Math.ceilDiv(size, NORM_CHUNK))];
        pool.run(partial.length, (task, worker) -> {
            long first = (long) task * NORM_CHUNK;
            partial[task] = squares(x + 4 * first, (int) Math.min(NORM_CHUNK, size - first));
        });
        double sum = 0;
        for (double p : partial) sum += p;
        return sum;
    }

    private static double squares(long x, int n) {
        DoubleVector s = DoubleVector.zero(WIDE), t = s;
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector f = load(x + 4L * i);
            var low = (DoubleVector) f.convertShape(VectorOperators.F2D, WIDE, 0);
            var high = (DoubleVector) f.convertShape(VectorOperators.F2D, WIDE, 1);
            s = low.fma(low, s);
            t = high.fma(high, t);
        }
        double sum = 0;
        for (double lane : s.add(t).toArray()) sum += lane; // in order, unlike reduceLanes: see MathVector.sum
        for (; i < n; i++) {
            double f = get(x + 4L * i);
            sum += f * f;
        }
        return sum;
    }
}
