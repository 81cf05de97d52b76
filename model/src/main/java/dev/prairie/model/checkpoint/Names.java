package dev.prairie.model.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the tensors of a family are called in one kind of file, and how they lie there. A table, not behaviour. Parameters
 * that the table puts into one tensor lie below one another there, in the order of the forward pass.
 *
 * <p>The tables here are those of Hugging Face transformers, {@code models/.../modeling_....py}; {@link GgufNames} has the
 * others.
 *
 * @param prefix  what most names start with, in files that do not leave it out
 * @param ignored names of stored tensors that hold no weight, such as masks that old versions saved
 * @param rules   what is stored where
 */
record Names(String prefix, Pattern ignored, List<Rule> rules) {
    /** {@code models/llama/modeling_llama.py} and those that follow it. */
    static final Names LLAMA = new Names(
            "model.",
            Pattern.compile(".*rotary_emb\\.inv_freq"),
            List.of(
                    rule("tokens", "*embed_tokens"),
                    rule("layers.#.attention.norm", "*layers.#.input_layernorm"),
                    rule("layers.#.attention.q", "*layers.#.self_attn.q_proj"),
                    rule("layers.#.attention.k", "*layers.#.self_attn.k_proj"),
                    rule("layers.#.attention.v", "*layers.#.self_attn.v_proj"),
                    rule("layers.#.attention.q.norm", "*layers.#.self_attn.q_norm"),
                    rule("layers.#.attention.k.norm", "*layers.#.self_attn.k_norm"),
                    rule("layers.#.attention.out", "*layers.#.self_attn.o_proj"),
                    rule("layers.#.feedforward.norm", "*layers.#.post_attention_layernorm"),
                    rule("layers.#.feedforward.gate", "*layers.#.mlp.gate_proj"),
                    rule("layers.#.feedforward.up", "*layers.#.mlp.up_proj"),
                    rule("layers.#.feedforward.down", "*layers.#.mlp.down_proj"),
                    rule("norm", "*norm"),
                    rule("head", "lm_head")));

    static final Names MIXTRAL = LLAMA.with(
            rule("layers.#.feedforward.router", "*layers.#.block_sparse_moe.gate"),
            rule("layers.#.feedforward.experts.@.gate", "*layers.#.block_sparse_moe.experts.@.w1"),
            rule("layers.#.feedforward.experts.@.up", "*layers.#.block_sparse_moe.experts.@.w3"),
            rule("layers.#.feedforward.experts.@.down", "*layers.#.block_sparse_moe.experts.@.w2"));

    static final Names QWEN_MOE = LLAMA.with(
            rule("layers.#.feedforward.router", "*layers.#.mlp.gate"),
            rule("layers.#.feedforward.experts.@.gate", "*layers.#.mlp.experts.@.gate_proj"),
            rule("layers.#.feedforward.experts.@.up", "*layers.#.mlp.experts.@.up_proj"),
            rule("layers.#.feedforward.experts.@.down", "*layers.#.mlp.experts.@.down_proj"),
            rule("layers.#.feedforward.shared.router", "*layers.#.mlp.shared_expert_gate"),
            rule("layers.#.feedforward.shared.gate", "*layers.#.mlp.shared_expert.gate_proj"),
            rule("layers.#.feedforward.shared.up", "*layers.#.mlp.shared_expert.up_proj"),
            rule("layers.#.feedforward.shared.down", "*layers.#.mlp.shared_expert.down_proj"));

    /** Queries, keys and values in one, gate and up in another. */
    static final Names PHI3 = LLAMA.with(
            rule("layers.#.attention.q", "*layers.#.self_attn.qkv_proj"),
            rule("layers.#.attention.k", "*layers.#.self_attn.qkv_proj"),
            rule("layers.#.attention.v", "*layers.#.self_attn.qkv_proj"),
            rule("layers.#.feedforward.gate", "*layers.#.mlp.gate_up_proj"),
            rule("layers.#.feedforward.up", "*layers.#.mlp.gate_up_proj"));

    /** Norms multiply by 1 + w there. */
    static final Names GEMMA = LLAMA.with(
            new Rule("layers.#.attention.norm", "*layers.#.input_layernorm", Form.LESS_ONE),
            new Rule("layers.#.feedforward.norm", "*layers.#.post_attention_layernorm", Form.LESS_ONE),
            new Rule("norm", "*norm", Form.LESS_ONE));

    /** With norms behind each part too, so that one of the names means another place. */
    static final Names GEMMA2 = GEMMA.with(
            new Rule("layers.#.attention.q.norm", "*layers.#.self_attn.q_norm", Form.LESS_ONE),
            new Rule("layers.#.attention.k.norm", "*layers.#.self_attn.k_norm", Form.LESS_ONE),
            new Rule("layers.#.attention.after.norm", "*layers.#.post_attention_layernorm", Form.LESS_ONE),
            new Rule("layers.#.feedforward.norm", "*layers.#.pre_feedforward_layernorm", Form.LESS_ONE),
            new Rule("layers.#.feedforward.after.norm", "*layers.#.post_feedforward_layernorm", Form.LESS_ONE));

    /** What reads text in a model that sees images too. */
    static final Names GEMMA3 = new Names(
                    "language_model.model.", Pattern.compile("(vision_tower|multi_modal_projector)\\..*"), GEMMA2.rules)
            .with(rule("head", "language_model.lm_head"));

    /** {@code models/gpt2/modeling_gpt2.py}: linear layers are Conv1D, queries, keys and values side by side in one. */
    static final Names GPT2 = new Names(
            "transformer.",
            Pattern.compile("(transformer\\.)?h\\.\\d+\\.attn\\.(masked_)?bias"),
            List.of(
                    rule("tokens", "*wte"),
                    rule("positions", "*wpe"),
                    rule("layers.#.attention.norm", "*h.#.ln_1"),
                    new Rule("layers.#.attention.q", "*h.#.attn.c_attn", Form.COLUMNS),
                    new Rule("layers.#.attention.k", "*h.#.attn.c_attn", Form.COLUMNS),
                    new Rule("layers.#.attention.v", "*h.#.attn.c_attn", Form.COLUMNS),
                    new Rule("layers.#.attention.out", "*h.#.attn.c_proj", Form.COLUMNS),
                    rule("layers.#.feedforward.norm", "*h.#.ln_2"),
                    new Rule("layers.#.feedforward.up", "*h.#.mlp.c_fc", Form.COLUMNS),
                    new Rule("layers.#.feedforward.down", "*h.#.mlp.c_proj", Form.COLUMNS),
                    rule("norm", "*ln_f"),
                    rule("head", "lm_head")));

    /** {@code models/bert/modeling_bert.py}; what is trained on top of an encoder is not ours. */
    static final Names BERT = new Names(
            "bert.",
            Pattern.compile("(bert\\.)?(embeddings\\.position_ids|pooler\\..*|cls\\..*)"),
            List.of(
                    rule("tokens", "*embeddings.word_embeddings"),
                    rule("types", "*embeddings.token_type_embeddings"),
                    rule("positions", "*embeddings.position_embeddings"),
                    rule("tokens.norm", "*embeddings.LayerNorm"),
                    rule("layers.#.attention.q", "*encoder.layer.#.attention.self.query"),
                    rule("layers.#.attention.k", "*encoder.layer.#.attention.self.key"),
                    rule("layers.#.attention.v", "*encoder.layer.#.attention.self.value"),
                    rule("layers.#.attention.out", "*encoder.layer.#.attention.output.dense"),
                    rule("layers.#.attention.norm", "*encoder.layer.#.attention.output.LayerNorm"),
                    rule("layers.#.feedforward.up", "*encoder.layer.#.intermediate.dense"),
                    rule("layers.#.feedforward.down", "*encoder.layer.#.output.dense"),
                    rule("layers.#.feedforward.norm", "*encoder.layer.#.output.LayerNorm")));

    /** {@code models/xlm_roberta}: the same but for the first positions, which stand for padding. */
    static final Names ROBERTA = new Names(
                    "roberta.",
                    Pattern.compile("(roberta\\.)?(embeddings\\.position_ids|pooler\\..*|lm_head\\..*)"),
                    BERT.rules)
            .with(new Rule("positions", "*embeddings.position_embeddings", Form.BEHIND_PADDING));

    private static final Pattern OURS =
            Pattern.compile("(?:layers\\.(\\d+)\\.)?(?:(.+\\.experts)\\.(\\d+)\\.)?(.+)(\\.weight|\\.bias)");

    /** Positions start behind that of the padding, whose id is 1. */
    static final int PADDING = 2;

    /** How a matrix (O, C) lies in the file. */
    enum Form {
        /** As ours: row by row. */
        ROWS,
        /** Transposed: (C, O). */
        COLUMNS,
        /**
         * Row by row, but in each head the rows that rotary positions turn together, ours i and i + D/2, stand next to
         * each other (llama.cpp, {@code convert_hf_to_gguf.py}, {@code permute}).
         */
        PAIRS,
        /** Row by row, those of each expert with a dimension of their own: (E, O, C). */
        EXPERTS,
        /** A vector of which 1 is taken away. */
        LESS_ONE,
        /** Row by row, behind {@link Names#PADDING} rows that mean nothing. */
        BEHIND_PADDING
    }

    /**
     * One line of the table, without {@code .weight} and {@code .bias}: {@code #} is the layer, {@code @} the expert,
     * {@code *} the prefix that some files leave out.
     */
    record Rule(String ours, String theirs, Form form) {}

    static Rule rule(String ours, String theirs) {
        return new Rule(ours, theirs, Form.ROWS);
    }

    /** Where one of our parameters is stored. */
    record Place(String name, Form form) {}

    /** This table with these lines, some of them in the place of those for the same parameters. */
    Names with(Rule... lines) {
        var all = new ArrayList<>(rules);
        for (Rule line : lines) all.removeIf(rule -> rule.ours.equals(line.ours));
        all.addAll(Arrays.asList(lines));
        return new Names(prefix, ignored, List.copyOf(all));
    }

    /** The prefix that this file's names have: the usual one, or none. */
    String prefixIn(TensorFile file) {
        return file.names().stream().anyMatch(n -> n.startsWith(prefix)) ? prefix : "";
    }

    /** Whether a stored tensor holds no weight, such as a mask that old versions saved. */
    boolean ignores(String stored) {
        return ignored.matcher(stored).matches();
    }

    /** Where the parameter of this canonical name is stored. */
    Place place(String ours, String prefixThere) {
        return find(ours, prefixThere)
                .orElseThrow(() ->
                        new IllegalArgumentException("checkpoint: the files of this family have no place for " + ours));
    }

    /** The same; empty where these files have no place for it. */
    Optional<Place> find(String ours, String prefixThere) {
        Matcher m = OURS.matcher(ours);
        if (!m.matches()) throw new IllegalArgumentException("checkpoint: " + ours + " is not a parameter's name");
        String layer = m.group(1) == null ? "" : m.group(1);
        String expert = m.group(3) == null ? "" : m.group(3);
        String pattern =
                (layer.isEmpty() ? "" : "layers.#.") + (expert.isEmpty() ? "" : m.group(2) + ".@.") + m.group(4);
        return rules.stream()
                .filter(r -> r.ours.equals(pattern))
                .findFirst()
                .map(rule -> new Place(
                        rule.theirs
                                        .replace("*", prefixThere)
                                        .replace("#", layer)
                                        .replace("@", expert)
                                + m.group(5),
                        rule.form));
    }
}
