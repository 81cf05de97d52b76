package dev.prairie.tensor;

/**
 * What an adapter adds to a projection, {@code scale · (x · aᵀ) · b} (LoRA: Hu et al. 2021, arXiv 2106.09685): two thin
 * matrices in the place of a change to the whole one. Both are stored with a row for each rank, so that each is read along
 * its rows, and may be of any type that numbers have.
 *
 * @param a     {@code (R, C)}
 * @param b     {@code (R, O)}: the paper's B, transposed
 * @param scale what the sum is multiplied by
 */
public record LowRank(Tensor a, Tensor b, float scale) {
    /** R. */
    public int rank() {
        return a.shape().dim(0);
    }

    /** Memory that both take. */
    public long bytes() {
        return a.buffer().size() + b.buffer().size();
    }

    /** For the rows from {@code from} (inclusive) to {@code to} (exclusive) of a batch. */
    public Part rows(int from, int to) {
        return new Part(this, from, to);
    }

    /** For some rows of a batch. */
    public record Part(LowRank of, int from, int to) {
        public Tensor a() {
            return of.a;
        }

        public Tensor b() {
            return of.b;
        }

        public float scale() {
            return of.scale;
        }

        public int rank() {
            return of.rank();
        }

        /**
         * Its rows of {@code hidden(N, M)}, memory for the numbers between a and b with M the largest rank of all parts:
         * {@code (to - from, R)}, without gaps.
         */
        public Tensor hidden(Tensor hidden) {
            Buffer rows = hidden.slice(from, to).buffer();
            Shape shape = Shape.of(to - from, rank());
            return Tensor.over(rows.slice(0, DType.F32.bytes(shape.size())), DType.F32, shape);
        }
    }
}
