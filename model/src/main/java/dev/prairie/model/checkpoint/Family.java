package dev.prairie.model.checkpoint;

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
    /** The plainer ones first: a model is saved as the first that has its form. */
    private static final List<Family> ALL = List.of(
            new Family("gpt2", "GPT2LMHeadModel", Names.GPT2, "gpt2", GgufNames.JOINED),
            new Family("llama", "LlamaForCausalLM", Names.LLAMA, "llama", GgufNames.PAIRS),
            new Family("mistral", "MistralForCausalLM", Names.LLAMA, "llama", GgufNames.PAIRS),
            new Family("mixtral", "MixtralForCausalLM", Names.MIXTRAL, "llama", GgufNames.PAIRS),
            new Family("qwen2", "Qwen2ForCausalLM", Names.LLAMA, "qwen2", GgufNames.PLAIN),
            new Family("qwen3", "Qwen3ForCausalLM", Names.LLAMA, "qwen3", GgufNames.PLAIN),
            new Family("qwen2_moe", "Qwen2MoeForCausalLM", Names.QWEN_MOE, "qwen2moe", GgufNames.PLAIN),
            new Family("qwen3_moe", "Qwen3MoeForCausalLM", Names.QWEN_MOE, "qwen3moe", GgufNames.PLAIN),
            new Family("phi3", "Phi3ForCausalLM", Names.PHI3, "phi3", GgufNames.PHI3),
            new Family("smollm3", "SmolLM3ForCausalLM", Names.LLAMA, "smollm3", GgufNames.PAIRS),
            new Family("gemma", "GemmaForCausalLM", Names.GEMMA, "gemma", GgufNames.PLAIN),
            new Family("gemma2", "Gemma2ForCausalLM", Names.GEMMA2, "gemma2", GgufNames.GEMMA2),
            new Family("gemma3_text", "Gemma3ForCausalLM", Names.GEMMA2, "gemma3", GgufNames.GEMMA2),
            new Family("bert", "BertModel", Names.BERT, "bert", GgufNames.BERT));

    /** All of them, the plainer ones first. */
    static List<Family> all() {
        return ALL;
    }

    /** Their {@code model_type}s, for messages. */
    static List<String> modelTypes() {
        return ALL.stream().map(Family::modelType).toList();
    }

    /** The family that {@code model_type} names, if any. */
    static Optional<Family> named(String modelType) {
        return ALL.stream().filter(f -> f.modelType.equals(modelType)).findFirst();
    }

    /** Those that {@code general.architecture} names: of several that are written alike, the plainer ones first. */
    static List<Family> inGguf(String architecture) {
        return ALL.stream().filter(f -> f.gguf.equals(architecture)).toList();
    }

    /** All architectures of GGUF files, for messages. */
    static List<String> ggufArchitectures() {
        return ALL.stream().map(Family::gguf).distinct().toList();
    }
}
