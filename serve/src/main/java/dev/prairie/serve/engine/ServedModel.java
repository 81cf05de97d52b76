package dev.prairie.serve.engine;

import dev.prairie.model.generate.Generator;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.device.Kernels;
import dev.prairie.text.tokenizer.StreamDecoder;
import dev.prairie.text.tokenizer.Tokenizer;
import java.util.Set;

/**
 * A transformer, its tokenizer and the kernels it runs on, under the name that clients call it by.
 *
 * <p>A prompt has the special tokens around it that the tokenizer's maker adds, such as one that begins a sequence.
 *
 * @param cache what keys and values are kept as: F32, F16 or Q8_0
 * @param ends  ids that end an answer, beside those that are known by their texts
 */
public record ServedModel(
        String id, Transformer transformer, Tokenizer tokenizer, Kernels kernels, DType cache, Set<Integer> ends)
        implements LanguageModel {
    public ServedModel {
        ends = Set.copyOf(ends);
        if (id.isBlank()) {
            throw new IllegalArgumentException("model id: \"" + id + "\", give a name that clients can call");
        }
        int rows = transformer.config().vocabulary();
        if (tokenizer.vocabularySize() > rows) {
            throw new IllegalArgumentException("model " + id + ": the tokenizer has " + tokenizer.vocabularySize()
                    + " tokens and the model " + rows + "; they do not belong together");
        }
    }

    /** With a cache in F32, and the ends that are known by their texts. */
    public ServedModel(String id, Transformer transformer, Tokenizer tokenizer, Kernels kernels) {
        this(id, transformer, tokenizer, kernels, DType.F32, Set.of());
    }

    /** What continues prompts, one at a time. */
    public Generator generator() {
        return new Generator(transformer, kernels, cache);
    }

    @Override
    public int contextLength() {
        return transformer.config().context();
    }

    /** The tokenizer's, which may be smaller than the padded table of the model. */
    @Override
    public int vocabularySize() {
        return tokenizer.vocabularySize();
    }

    @Override
    public int[] encode(String text) {
        return tokenizer.frame(tokenizer.encode(text));
    }

    @Override
    public int[] encodeTemplated(String prompt) {
        return tokenizer.encodeWithSpecials(prompt);
    }

    @Override
    public String decode(int... ids) {
        return tokenizer.decode(ids);
    }

    @Override
    public boolean endsText(int id) {
        return ends.contains(id) || EndTokens.ends(tokenizer, id);
    }

    @Override
    public TextStream textStream(int... prompt) {
        return stream(tokenizer.streamAfter(prompt));
    }

    @Override
    public TextStream markedStream(int... prompt) {
        return stream(new StreamDecoder(tokenizer, true));
    }

    private static TextStream stream(StreamDecoder decoder) {
        return new TextStream() {
            @Override
            public String add(int id) {
                return decoder.append(id);
            }

            @Override
            public String end() {
                return decoder.flush();
            }
        };
    }

    /** As many blocks as the config gives memory for, but no more than all its sequences at their longest. */
    @Override
    public ModelRunner open(EngineConfig config) {
        return new TransformerRunner(transformer, kernels, cache, vocabularySize(), config);
    }
}
