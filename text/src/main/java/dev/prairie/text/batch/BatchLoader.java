package dev.prairie.text.batch;

/**
 * Draws training batches without end from a shard. The same shard, settings and seed give the same batches, and a loader
 * made from a {@link #state} goes on exactly where that one stood. Not thread-safe.
 */
public final class BatchLoader {
    private final Shard shard;
    private final LoaderConfig config;
    private long batches;
    private long epoch;
    private int document;
    private long offset;
    private int[] order = {};

    /**
     * A loader at the first batch.
     *
     * @throws IllegalArgumentException if the shard is too short for one row
     */
    public BatchLoader(Shard shard, LoaderConfig config) {
        this.shard = shard;
        this.config = config;
        boolean random = config.mode() == LoaderConfig.Mode.RANDOM;
        long needed = random ? config.length() + 1L : 1;
        long available = random ? shard.tokens() : predictions(shard);
        if (available < needed) {
            throw new IllegalArgumentException("BatchLoader: " + shard.file() + " has " + available
                    + " tokens to learn from, and rows of " + config.length() + " need at least " + needed
                    + "; give more text or shorten the context");
        }
        if (!random) {
            order = order(config.seed(), epoch, shard.documents());
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
        int documents = packed ? shard.documents() : 1;
        if (state.batches() < 0
                || state.epoch() < 0
                || state.offset() < 0
                || state.document() < 0
                || state.document() >= documents) {
            throw new IllegalArgumentException(
                    "BatchLoader: " + state + " does not fit " + documents + " documents; the saved state is damaged");
        }
        batches = state.batches();
        epoch = state.epoch();
        document = state.document();
        offset = state.offset();
        if (packed) {
            order = order(config.seed(), epoch, documents);
        }
    }

    /** The next batch: {@code rows · length} tokens. */
    public Batch next() {
        BatchBuilder batch = new BatchBuilder(shard, config.rows() * config.length());
        switch (config.mode()) {
            case RANDOM -> {
                SplitMix random = new SplitMix(config.seed(), batches);
                for (int row = 0; row < config.rows(); row++) {
                    batch.add(random.below(shard.tokens() - config.length()), config.length());
                }
            }
            case PACKED -> {
                for (int row = 0; row < config.rows(); row++) {
                    addPackedRow(batch);
                }
            }
        }
        batches++;
        return batch.build();
    }

    /** Where this loader stands. */
    public LoaderState state() {
        return new LoaderState(config.seed(), shard.checksum(), batches, epoch, document, offset);
    }

    /** How often the whole text has been drawn, as a fraction. */
    public double epochs() {
        return (double) batches
                * config.rows()
                * config.length()
                / (config.mode() == LoaderConfig.Mode.RANDOM ? shard.tokens() : predictions(shard));
    }

    private void addPackedRow(BatchBuilder batch) {
        int room = config.length();
        while (room > 0) {
            long from = shard.start(order[document]) + offset;
            // The last token of a document predicts nothing, so it is only ever a target.
            long left = shard.end(order[document]) - 1 - from;
            int take = (int) Math.min(room, left);
            if (take > 0) {
                batch.add(from, take);
                room -= take;
                offset += take;
            }
            if (take >= left) {
                nextDocument();
            }
        }
    }

    private void nextDocument() {
        offset = 0;
        if (++document == shard.documents()) {
            document = 0;
            order = order(config.seed(), ++epoch, shard.documents());
        }
    }

    /** Tokens that have a successor within their document. */
    static long predictions(Shard shard) {
        long count = 0;
        for (int d = 0; d < shard.documents(); d++) {
            count += Math.max(0, shard.end(d) - shard.start(d) - 1);
        }
        return count;
    }

    private static int[] order(long seed, long epoch, int documents) {
        SplitMix random = new SplitMix(seed, epoch);
        int[] order = new int[documents];
        for (int i = 0; i < documents; i++) { // Fisher–Yates, from the inside out
            int j = (int) random.below(i + 1L);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }
}
