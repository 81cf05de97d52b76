package dev.prairie.model.checkpoint;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a family of models is written down in the Hugging Face layout: what its tensors are called there. A table, not
 * behaviour; names as in Hugging Face transformers, {@code models/gpt2/modeling_gpt2.py}, {@code models/llama} and
 * {@code models/qwen3}. A new family of the same form is one more constant.
 *
 * @param modelType    {@code model_type} in config.json
 * @param architecture the class that loads it there
 * @param prefix       what most names start with, in files that do not leave it out
 * @param ignored      names of stored tensors that hold no weight, such as masks that old versions saved
 * @param rules        what is stored where
 */
record Family(String modelType, String architecture, String prefix, Pattern ignored, List<Rule> rules) {
    /** Linear layers there are Conv1D: stored (C, O), queries, keys and values side by side in one. */
    static final Family GPT2 = new Family(
            "gpt2",
            "GPT2LMHeadModel",
            "transformer.",
            Pattern.compile("(transformer\\.)?h\\.\\d+\\.attn\\.(masked_)?bias"),
            List.of(
                    Rule.same("tokens", "*wte"),
                    Rule.same("positions", "*wpe"),
                    Rule.same("layers.#.attention.norm", "*h.#.ln_1"),
                    new Rule("layers.#.attention.q", "*h.#.attn.c_attn", true, 0, 3),
                    new Rule("layers.#.attention.k", "*h.#.attn.c_attn", true, 1, 3),
                    new Rule("layers.#.attention.v", "*h.#.attn.c_attn", true, 2, 3),
                    new Rule("layers.#.attention.out", "*h.#.attn.c_proj", true, 0, 1),
                    Rule.same("layers.#.feedforward.norm", "*h.#.ln_2"),
                    new Rule("layers.#.feedforward.up", "*h.#.mlp.c_fc", true, 0, 1),
                    new Rule("layers.#.feedforward.down", "*h.#.mlp.c_proj", true, 0, 1),
                    Rule.same("norm", "*ln_f"),
                    Rule.same("head", "lm_head")));

    static final Family LLAMA =
            new Family("llama", "LlamaForCausalLM", "model.", Pattern.compile(".*rotary_emb\\.inv_freq"), Rule.LLAMA);
    static final Family QWEN3 = new Family("qwen3", "Qwen3ForCausalLM", "model.", LLAMA.ignored, Rule.LLAMA);

    private static final List<Family> ALL = List.of(GPT2, LLAMA, QWEN3);
    private static final Pattern OURS = Pattern.compile("(?:layers\\.(\\d+)\\.)?(.+)(\\.weight|\\.bias)");

    /**
     * One line of the table, without {@code .weight} and {@code .bias}: {@code #} is the layer, {@code *} the prefix
     * that some files leave out.
     *
     * @param transposed matrices are stored (C, O)
     * @param part       which of the {@code parts} that share the stored tensor, side by side along O
     */
    record Rule(String ours, String theirs, boolean transposed, int part, int parts) {
        private static final List<Rule> LLAMA = List.of(
                same("tokens", "*embed_tokens"),
                same("layers.#.attention.norm", "*layers.#.input_layernorm"),
                same("layers.#.attention.q", "*layers.#.self_attn.q_proj"),
                same("layers.#.attention.k", "*layers.#.self_attn.k_proj"),
                same("layers.#.attention.v", "*layers.#.self_attn.v_proj"),
                same("layers.#.attention.q.norm", "*layers.#.self_attn.q_norm"),
                same("layers.#.attention.k.norm", "*layers.#.self_attn.k_norm"),
                same("layers.#.attention.out", "*layers.#.self_attn.o_proj"),
                same("layers.#.feedforward.norm", "*layers.#.post_attention_layernorm"),
                same("layers.#.feedforward.gate", "*layers.#.mlp.gate_proj"),
                same("layers.#.feedforward.up", "*layers.#.mlp.up_proj"),
                same("layers.#.feedforward.down", "*layers.#.mlp.down_proj"),
                same("norm", "*norm"),
                same("head", "lm_head"));

        static Rule same(String ours, String theirs) {
            return new Rule(ours, theirs, false, 0, 1);
        }
    }

    /** Where one of our parameters is stored. */
    record Place(String name, Rule rule) {}

    /** Whether a stored tensor holds no weight, such as a mask that old versions saved. */
    boolean ignores(String stored) {
        return ignored.matcher(stored).matches();
    }

    /** Where the parameter of this canonical name is stored. */
    Place place(String ours, String prefix) {
        Matcher m = OURS.matcher(ours);
        if (!m.matches()) throw new IllegalArgumentException("checkpoint: " + ours + " is not a parameter's name");
        String layer = m.group(1);
        String pattern = (layer == null ? "" : "layers.#.") + m.group(2);
        Rule rule = rules.stream()
                .filter(r -> r.ours.equals(pattern))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("checkpoint: " + modelType + " has no place for " + ours));
        String stored = rule.theirs.replace("*", prefix).replace("#", layer == null ? "" : layer) + m.group(3);
        return new Place(stored, rule);
    }

    /** The family that {@code model_type} names, if any. */
    static Optional<Family> named(String modelType) {
        return ALL.stream().filter(f -> f.modelType.equals(modelType)).findFirst();
    }

    /** All of them, the plainer ones first. */
    static List<Family> all() {
        return ALL;
    }

    /** Their {@code model_type}s, for messages. */
    static List<String> modelTypes() {
        return ALL.stream().map(Family::modelType).toList();
    }
}
