package dev.prairie.app;

import dev.prairie.model.generate.Generator;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.device.Kernels;
import java.util.Random;

/**
 * How fast a model reads and writes: {@code prompt} tokens at once into an empty context, and tokens one by one, as
 * llama.cpp's bench does (pp512, tg64). The prompt is random, so are the tokens: what a token says takes no time.
 */
final class InferenceProbe implements AutoCloseable {
    private final Generator.Session session;
    private final int[] prompt;
    private final int decode;
    private final Random random;
    private final int vocabulary;

    InferenceProbe(Transformer model, Kernels kernels, DType kept, int prompt, int decode, long seed) {
        vocabulary = model.config().vocabulary();
        session = new Generator(model, kernels, kept).open(Math.max(prompt, decode + 1));
        random = new Random(seed);
        this.prompt = random.ints(prompt, 0, vocabulary).toArray();
        this.decode = decode;
    }

    /** Seconds for the whole prompt. */
    double prefill() {
        session.rewind(0);
        long began = System.nanoTime();
        session.feed(prompt);
        return (System.nanoTime() - began) / 1e9;
    }

    /** Seconds for all tokens one by one. */
    double decode() {
        session.rewind(0);
        long began = System.nanoTime();
        for (int i = 0; i < decode; i++) session.feed(random.nextInt(vocabulary));
        return (System.nanoTime() - began) / 1e9;
    }

    @Override
    public void close() {
        session.close();
    }
}
