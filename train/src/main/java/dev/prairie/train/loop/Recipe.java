package dev.prairie.train.loop;

import dev.prairie.model.transformer.HeadForm;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.DType;
import dev.prairie.text.batch.LoaderConfig;
import dev.prairie.text.corpus.CorpusOptions;
import dev.prairie.train.optimizer.Optimizer;
import dev.prairie.train.optimizer.Schedule;
import java.util.List;

/**
 * Everything that decides what a training run computes, apart from the corpus. The record's components are the keys of a
 * recipe file and of {@code --set}; their defaults are {@link #DEFAULTS}.
 */
public record Recipe(
        @Doc("the shape of the model: gpt2 (layer norm, learned positions, GELU, biases) or llama (RMS norm, rotary"
                + " positions, SwiGLU)")
        Form form,

        @Doc("bpe (byte-level, trained on the corpus) or characters")
        Vocabulary tokenizer,

        @Doc("entries of the bpe vocabulary; fewer where the corpus holds no more pairs")
        int vocabulary,

        @Doc("number of layers") int layers,
        @Doc("width of the model") int width,
        @Doc("query heads") int heads,

        @Doc("llama: key and value heads; 0 means as many as query heads")
        int keyHeads,

        @Doc("inner width of the feed-forward part; 0 means 4 x width (gpt2) or 8/3 x width rounded up to 32 (llama)")
        int feedForward,

        @Doc("longest sequence in tokens") int context,

        @Doc("whether the output head shares the token table's weights")
        boolean tiedHead,

        @Doc("llama: RMS-normalise queries and keys per head")
        boolean queryKeyNorm,

        @Doc("rows of a batch") int batch,

        @Doc("batches whose gradients are added up before one step")
        int accumulation,

        @Doc("optimizer steps of the whole run") int steps,

        @Doc("packed (whole documents, attention stays inside each) or random (windows of the one long text)")
        LoaderConfig.Mode loader,

        @Doc("highest learning rate") float learningRate,
        @Doc("learning rate at the last step") float minLearningRate,

        @Doc("cosine, or wsd (constant, then a straight line down)")
        Schedule.Kind schedule,

        @Doc("steps in which the learning rate rises") int warmup,

        @Doc("wsd: share of the steps in which the learning rate falls")
        float decay,

        @Doc("AdamW: decay of the first moment") float beta1,
        @Doc("AdamW: decay of the second moment") float beta2,

        @Doc("AdamW: added to the root of the second moment")
        float epsilon,

        @Doc("AdamW: decoupled decay of matrices; norms and biases never decay")
        float weightDecay,

        @Doc("largest norm of the gradient; 0 does not clip")
        float clip,

        @Doc("share of the corpus kept for validation") float validation,

        @Doc("steps between validations; the last step always validates")
        int validateEvery,

        @Doc("batches of a validation during training; the last one takes ten times as many")
        int validateBatches,

        @Doc("steps between samples of text; 0 for none") int sampleEvery,
        @Doc("tokens of a sample") int sampleTokens,

        @Doc("what a sample continues; empty means the beginning of a document")
        String samplePrompt,

        @Doc("steps between checkpoints; the last step and Ctrl-C always save")
        int checkpointEvery,

        @Doc("f32, or bf16: operands of matrix products rounded to BF16; weights, gradients and sums stay F32")
        Precision precision,

        @Doc("recompute each layer in backward: about a third more work for much less memory")
        boolean recompute,

        @Doc("of weights and batches: the same seed and threads give the same bits")
        long seed,

        @Doc("take only files that match one of these globs, by name (*.java) or path (java.base/**)")
        List<String> include,

        @Doc("text field of JSON objects, or column of tables")
        String field,

        @Doc("read at most so many characters of the corpus; 0 reads all")
        long maxCharacters) {

    /** The shape of the model. */
    public enum Form {
        GPT2,
        LLAMA
    }

    /** How text becomes tokens. */
    public enum Vocabulary {
        BPE,
        CHARACTERS
    }

    /** What the operands of matrix products are rounded to. */
    public enum Precision {
        F32(DType.F32),
        BF16(DType.BF16);

        private final DType type;

        Precision(DType type) {
            this.type = type;
        }

        /** As devices call it. */
        public DType type() {
            return type;
        }
    }

    /** What a recipe that says nothing means. */
    public static final Recipe DEFAULTS = new Recipe(
            Form.LLAMA,
            Vocabulary.BPE,
            4096,
            6,
            256,
            4,
            0,
            0,
            256,
            true,
            false,
            8,
            1,
            2000,
            LoaderConfig.Mode.PACKED,
            1e-3f,
            1e-4f,
            Schedule.Kind.COSINE,
            100,
            0.2f,
            0.9f,
            0.95f,
            1e-8f,
            0.1f,
            1,
            0.1f,
            250,
            20,
            500,
            120,
            "",
            250,
            Precision.F32,
            false,
            1337,
            List.of(),
            CorpusOptions.TEXT,
            0);

    public Recipe {
        include = List.copyOf(include);
        atLeast("vocabulary", vocabulary, 1);
        atLeast("keyHeads", keyHeads, 0);
        atLeast("feedForward", feedForward, 0);
        atLeast("batch", batch, 1);
        atLeast("accumulation", accumulation, 1);
        atLeast("steps", steps, 1);
        atLeast("validateEvery", validateEvery, 1);
        atLeast("validateBatches", validateBatches, 1);
        atLeast("sampleEvery", sampleEvery, 0);
        atLeast("sampleTokens", sampleTokens, 1);
        atLeast("checkpointEvery", checkpointEvery, 1);
        atLeast("maxCharacters", maxCharacters, 0);
        if (!(validation > 0 && validation <= 0.5))
            throw new IllegalArgumentException(
                    "recipe: validation is " + validation + ", must be above 0 and at most 0.5; a usual share is 0.1");
        // The parts check what belongs to them, so that a wrong recipe fails before any work.
        transformerOf(
                Form.GPT2 == form, 1, layers, width, heads, keyHeads, feedForward, context, tiedHead, queryKeyNorm);
        new Schedule(schedule, learningRate, minLearningRate, warmup, steps, decay);
        new Optimizer.Config(beta1, beta2, epsilon, weightDecay, clip);
        new LoaderConfig(loader, batch, context, seed);
    }

    /** The model for a vocabulary of {@code size} tokens. */
    public TransformerConfig transformer(int size) {
        return transformerOf(
                form == Form.GPT2, size, layers, width, heads, keyHeads, feedForward, context, tiedHead, queryKeyNorm);
    }

    private static TransformerConfig transformerOf(
            boolean gpt2,
            int vocabulary,
            int layers,
            int width,
            int heads,
            int keyHeads,
            int feedForward,
            int context,
            boolean tiedHead,
            boolean queryKeyNorm) {
        int inner = feedForward > 0
                ? feedForward
                : gpt2 ? Math.multiplyExact(4, width) : Math.ceilDiv(Math.ceilDiv(8 * width, 3), 32) * 32;
        var form = gpt2
                ? TransformerConfig.gpt2(vocabulary, context, layers, width, heads)
                : TransformerConfig.llama(
                        vocabulary, context, layers, width, heads, keyHeads == 0 ? heads : keyHeads, inner, tiedHead);
        return form.withAttention(form.attention().withQueryKeyNorm(!gpt2 && queryKeyNorm))
                .withFeedForward(form.feedForward().withWidth(inner))
                .withHead(HeadForm.tied(tiedHead));
    }

    /** The learning rate's course. */
    public Schedule rates() {
        return new Schedule(schedule, learningRate, minLearningRate, warmup, steps, decay);
    }

    /** The optimizer's numbers. */
    public Optimizer.Config optimizer() {
        return new Optimizer.Config(beta1, beta2, epsilon, weightDecay, clip);
    }

    /** How batches are drawn. */
    public LoaderConfig batches() {
        return new LoaderConfig(loader, batch, context, seed);
    }

    /** What is taken from the corpus. */
    public CorpusOptions corpus() {
        var all = CorpusOptions.DEFAULTS.withField(field).withInclude(include.toArray(String[]::new));
        return maxCharacters == 0 ? all : all.withMaxCharacters(maxCharacters);
    }

    private static void atLeast(String key, long value, long least) {
        if (value < least)
            throw new IllegalArgumentException("recipe: " + key + " is " + value + ", must be at least " + least);
    }
}
