package dev.prairie.text.batch;

/**
 * Draws training batches without end from a shard. The same shard, settings and seed give the same batches, and a loader
 * made from a {@link #state} goes on exactly where that one stood. Not thread-safe.
 */
public final class BatchLoader {
    private final Shard shard;
    private final LoaderConfig config;
    private final Rows rows;
    private long batches;
    private long epoch;
    private int row;
    private int[] order = {};

    /**
     * A loader at the first batch.
     *
     * @throws IllegalArgumentException if the shard is too short for one row
     */
    public BatchLoader(Shard shard, LoaderConfig config) {
        this.shard = shard;
        this.config = config;
        rows = new Rows(shard, config);
        boolean random = config.mode() == LoaderConfig.Mode.RANDOM;
        long needed = random ? config.length() + 1L : 1;
        long available = random ? shard.tokens() : rows.predictions();
        if (available < needed) {
            throw new IllegalArgumentException("BatchLoader: " + shard.file() + " has " + available
                    + " tokens to learn from, and rows of " + config.length() + " need at least " + needed
                    + "; give more text or shorten the context");
        }
        if (!random) {
            order = order(config.seed(), epoch, rows.count());
        }
    }

    /**
     * A loader that goes on from {@code state}.
     *
     * @throws IllegalArgumentException if that state belongs to other data or another seed
     */
    public BatchLoader(Shard shard, LoaderConfig config, LoaderState state) {
        this(shard, config);
        if (state.seed() != config.seed() || state.checksum() != shard.checksum()) {
            throw new IllegalArgumentException("BatchLoader: the saved state is of seed " + state.seed() + " and data "
                    + Integer.toHexString(state.checksum()) + ", these are seed " + config.seed() + " and data "
                    + Integer.toHexString(shard.checksum()) + "; resume with the same corpus and seed, or start anew");
        }
        boolean packed = config.mode() == LoaderConfig.Mode.PACKED;
        int count = packed ? rows.count() : 1;
        if (state.batches() < 0 || state.epoch() < 0 || state.row() < 0 || state.row() >= count) {
            throw new IllegalArgumentException(
                    "BatchLoader: " + state + " does not fit " + count + " rows; the saved state is damaged");
        }
        batches = state.batches();
        epoch = state.epoch();
        row = state.row();
        if (packed) {
            order = order(config.seed(), epoch, count);
        }
    }

    /** The next batch: {@code rows · length} tokens; fewer where it holds the last row of the text, which may be short. */
    public Batch next() {
        BatchBuilder batch = new BatchBuilder(shard, config.rows() * config.length());
        switch (config.mode()) {
            case RANDOM -> {
                SplitMix random = new SplitMix(config.seed(), batches);
                for (int i = 0; i < config.rows(); i++) {
                    batch.add(random.below(shard.tokens() - config.length()), config.length());
                }
            }
            case PACKED -> {
                for (int i = 0; i < config.rows(); i++) {
                    rows.add(order[row], batch);
                    nextRow();
                }
            }
        }
        batches++;
        return batch.build();
    }

    /** Where this loader stands. */
    public LoaderState state() {
        return new LoaderState(config.seed(), shard.checksum(), batches, epoch, row);
    }

    /** How often the whole text has been drawn, as a fraction. */
    public double epochs() {
        double drawn = (double) batches * config.rows();
        return switch (config.mode()) {
            case RANDOM -> drawn * config.length() / shard.tokens();
            case PACKED -> drawn / rows.count();
        };
    }

    private void nextRow() {
        if (++row == rows.count()) {
            row = 0;
            order = order(config.seed(), ++epoch, rows.count());
        }
    }

    private static int[] order(long seed, long epoch, int rows) {
        SplitMix random = new SplitMix(seed, epoch);
        int[] order = new int[rows];
        for (int i = 0; i < rows; i++) { // Fisher–Yates, from the inside out
            int j = (int) random.below(i + 1L);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }
}
