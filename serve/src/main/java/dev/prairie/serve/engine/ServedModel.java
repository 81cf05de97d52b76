package dev.prairie.serve.engine;

import dev.prairie.model.generate.Generator;
import dev.prairie.model.transformer.Adapter;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.tensor.DType;
import dev.prairie.tensor.device.Kernels;
import dev.prairie.text.grammar.Grammar;
import dev.prairie.text.grammar.GrammarTokens;
import dev.prairie.text.grammar.TokenMasks;
import dev.prairie.text.tokenizer.StreamDecoder;
import dev.prairie.text.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A transformer, its tokenizer and the kernels it runs on, under the name that clients call it by.
 *
 * <p>A prompt has the special tokens around it that the tokenizer's maker adds, such as one that begins a sequence.
 */
public final class ServedModel implements LanguageModel {
    /** Grammars that are kept with their masks, of which one may take 64 MB. */
    private static final int GRAMMARS = 8;

    private final String id;
    private final Transformer transformer;
    private final Tokenizer tokenizer;
    private final Kernels kernels;
    private final DType cache;
    private final Set<Integer> ends;
    private final Map<String, TokenMasks> grammars = new LinkedHashMap<>(16, 0.75f, true);
    private @Nullable GrammarTokens tokens; // made when a grammar first needs them

    /**
     * @param cache what keys and values are kept as: F32, F16 or Q8_0
     * @param ends  ids that end an answer, beside those that are known by their texts
     */
    public ServedModel(
            String id, Transformer transformer, Tokenizer tokenizer, Kernels kernels, DType cache, Set<Integer> ends) {
        this.id = id;
        this.transformer = transformer;
        this.tokenizer = tokenizer;
        this.kernels = kernels;
        this.cache = cache;
        this.ends = Set.copyOf(ends);
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

    @Override
    public String id() {
        return id;
    }

    public Transformer transformer() {
        return transformer;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    public Kernels kernels() {
        return kernels;
    }

    /** What keys and values are kept as. */
    public DType cache() {
        return cache;
    }

    /** What continues prompts, one at a time. */
    public Generator generator() {
        return generator(null);
    }

    /** The same with the adapter of that name; null is the model itself. */
    public Generator generator(@Nullable String adapter) {
        return new Generator(transformer, kernels, cache, transformer.adapter(adapter));
    }

    @Override
    public List<String> adapters() {
        return transformer.adapters().stream().map(Adapter::name).toList();
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
    public byte[] bytes(int id) {
        return tokenizer.bytes(id);
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
    public TokenMasks masks(String key, Supplier<Grammar> grammar) {
        synchronized (grammars) {
            TokenMasks known = grammars.get(key);
            if (known != null) {
                return known;
            }
            if (tokens == null) {
                tokens = new GrammarTokens(tokenizer, this::endsText);
            }
            TokenMasks made = tokens.compile(grammar.get());
            grammars.put(key, made);
            if (grammars.size() > GRAMMARS) {
                grammars.remove(grammars.keySet().iterator().next());
            }
            return made;
        }
    }

    @Override
    public boolean dropsSpaceAfter(int... prompt) {
        return tokenizer.dropsFirstSpace()
                && (prompt.length == 0 || tokenizer.specials().isSpecial(prompt[prompt.length - 1]));
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
