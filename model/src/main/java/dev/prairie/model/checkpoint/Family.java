package dev.prairie.model.checkpoint;

import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.model.transformer.TransformerConfig.Activation;
import dev.prairie.model.transformer.TransformerConfig.Norm;
import dev.prairie.model.transformer.TransformerConfig.Positions;
import java.util.List;
import java.util.Optional;

/**
 * How a family of models is written down, in the Hugging Face layout and in GGUF. A table, not behaviour: a new family of
 * the same form is one more constant.
 *
 * @param modelType    {@code model_type} in config.json
 * @param architecture the class that loads it there
 * @param names        of the tensors there
 * @param gguf         {@code general.architecture} in a GGUF file
 * @param ggufNames    of the tensors in a GGUF file
 */
record Family(String modelType, String architecture, Names names, String gguf, Names ggufNames) {
    static final Family GPT2 = new Family("gpt2", "GPT2LMHeadModel", Names.GPT2, "gpt2", Names.GGUF_JOINED);
    static final Family LLAMA = new Family("llama", "LlamaForCausalLM", Names.LLAMA, "llama", Names.GGUF_PAIRS);
    static final Family QWEN3 = new Family("qwen3", "Qwen3ForCausalLM", Names.LLAMA, "qwen3", Names.GGUF);

    private static final List<Family> ALL = List.of(GPT2, LLAMA, QWEN3);

    /** The family that {@code model_type} names, if any. */
    static Optional<Family> named(String modelType) {
        return ALL.stream().filter(f -> f.modelType.equals(modelType)).findFirst();
    }

    /** The family that {@code general.architecture} names, if any. */
    static Optional<Family> inGguf(String architecture) {
        return ALL.stream().filter(f -> f.gguf.equals(architecture)).findFirst();
    }

    /** All architectures of GGUF files, for messages. */
    static List<String> ggufArchitectures() {
        return ALL.stream().map(Family::gguf).distinct().toList();
    }

    /** The family that a model is saved as; forms that none has are refused. */
    static Family of(TransformerConfig c) {
        if (c.norm() == Norm.LAYER
                && c.positions() == Positions.LEARNED
                && c.activation() == Activation.GELU
                && c.biases()
                && !c.queryKeyNorm()
                && c.keyHeads() == c.heads()
                && c.heads() * c.headWidth() == c.width()) return GPT2;
        if (c.norm() == Norm.RMS && c.positions() == Positions.ROPE && c.activation() == Activation.SWIGLU)
            return c.queryKeyNorm() ? QWEN3 : LLAMA;
        throw new IllegalArgumentException("checkpoint: no Hugging Face family has the form of " + c
                + "; use the GPT-2 form (LAYER, LEARNED, GELU, biases, keyHeads = heads, heads * headWidth = width)"
                + " or the Llama form (RMS, ROPE, SWIGLU)");
    }
}
