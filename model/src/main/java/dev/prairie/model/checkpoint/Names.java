package dev.prairie.model.checkpoint;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the tensors of a family are called in one kind of file, and how they lie there. A table, not behaviour.
 *
 * @param prefix  what most names start with, in files that do not leave it out
 * @param ignored names of stored tensors that hold no weight, such as masks that old versions saved
 * @param rules   what is stored where
 */
record Names(String prefix, Pattern ignored, List<Rule> rules) {
    /** Hugging Face transformers, {@code models/llama/modeling_llama.py} and those that follow it. */
    static final Names LLAMA = new Names(
            "model.",
            Pattern.compile(".*rotary_emb\\.inv_freq"),
            List.of(
                    Rule.same("tokens", "*embed_tokens"),
                    Rule.same("layers.#.attention.norm", "*layers.#.input_layernorm"),
                    Rule.same("layers.#.attention.q", "*layers.#.self_attn.q_proj"),
                    Rule.same("layers.#.attention.k", "*layers.#.self_attn.k_proj"),
                    Rule.same("layers.#.attention.v", "*layers.#.self_attn.v_proj"),
                    Rule.same("layers.#.attention.q.norm", "*layers.#.self_attn.q_norm"),
                    Rule.same("layers.#.attention.k.norm", "*layers.#.self_attn.k_norm"),
                    Rule.same("layers.#.attention.out", "*layers.#.self_attn.o_proj"),
                    Rule.same("layers.#.feedforward.norm", "*layers.#.post_attention_layernorm"),
                    Rule.same("layers.#.feedforward.gate", "*layers.#.mlp.gate_proj"),
                    Rule.same("layers.#.feedforward.up", "*layers.#.mlp.up_proj"),
                    Rule.same("layers.#.feedforward.down", "*layers.#.mlp.down_proj"),
                    Rule.same("norm", "*norm"),
                    Rule.same("head", "lm_head")));

    /** {@code models/gpt2/modeling_gpt2.py}: queries, keys and values side by side in one. */
    static final Names GPT2 = new Names(
            "transformer.",
            Pattern.compile("(transformer\\.)?h\\.\\d+\\.attn\\.(masked_)?bias"),
            List.of(
                    Rule.same("tokens", "*wte"),
                    Rule.same("positions", "*wpe"),
                    Rule.same("layers.#.attention.norm", "*h.#.ln_1"),
                    new Rule("layers.#.attention.q", "*h.#.attn.c_attn", Form.COLUMNS, 0, 3),
                    new Rule("layers.#.attention.k", "*h.#.attn.c_attn", Form.COLUMNS, 1, 3),
                    new Rule("layers.#.attention.v", "*h.#.attn.c_attn", Form.COLUMNS, 2, 3),
                    new Rule("layers.#.attention.out", "*h.#.attn.c_proj", Form.COLUMNS, 0, 1),
                    Rule.same("layers.#.feedforward.norm", "*h.#.ln_2"),
                    new Rule("layers.#.feedforward.up", "*h.#.mlp.c_fc", Form.COLUMNS, 0, 1),
                    new Rule("layers.#.feedforward.down", "*h.#.mlp.c_proj", Form.COLUMNS, 0, 1),
                    Rule.same("norm", "*ln_f"),
                    Rule.same("head", "lm_head")));

    private static final Pattern IN_GGUF = Pattern.compile("blk\\.\\d+\\.attn_rot_embd\\.weight");

    /** llama.cpp, {@code llama-arch.cpp}: the same names for every architecture that has the tensor. */
    static final Names GGUF = new Names(
            "",
            IN_GGUF,
            List.of(
                    Rule.same("tokens", "token_embd"),
                    Rule.same("positions", "position_embd"),
                    Rule.same("layers.#.attention.norm", "blk.#.attn_norm"),
                    Rule.same("layers.#.attention.q", "blk.#.attn_q"),
                    Rule.same("layers.#.attention.k", "blk.#.attn_k"),
                    Rule.same("layers.#.attention.v", "blk.#.attn_v"),
                    Rule.same("layers.#.attention.q.norm", "blk.#.attn_q_norm"),
                    Rule.same("layers.#.attention.k.norm", "blk.#.attn_k_norm"),
                    Rule.same("layers.#.attention.out", "blk.#.attn_output"),
                    Rule.same("layers.#.feedforward.norm", "blk.#.ffn_norm"),
                    Rule.same("layers.#.feedforward.gate", "blk.#.ffn_gate"),
                    Rule.same("layers.#.feedforward.up", "blk.#.ffn_up"),
                    Rule.same("layers.#.feedforward.down", "blk.#.ffn_down"),
                    Rule.same("norm", "output_norm"),
                    Rule.same("head", "output")));

    /** The same with the pairs that are turned together side by side, as the architecture named llama has them. */
    static final Names GGUF_PAIRS = GGUF.with(
            new Rule("layers.#.attention.q", "blk.#.attn_q", Form.PAIRS, 0, 1),
            new Rule("layers.#.attention.k", "blk.#.attn_k", Form.PAIRS, 0, 1));

    /** The same with queries, keys and values below one another in one tensor. */
    static final Names GGUF_JOINED = GGUF.with(
            new Rule("layers.#.attention.q", "blk.#.attn_qkv", Form.ROWS, 0, 3),
            new Rule("layers.#.attention.k", "blk.#.attn_qkv", Form.ROWS, 1, 3),
            new Rule("layers.#.attention.v", "blk.#.attn_qkv", Form.ROWS, 2, 3));

    private static final Pattern OURS = Pattern.compile("(?:layers\\.(\\d+)\\.)?(.+)(\\.weight|\\.bias)");

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
        PAIRS
    }

    /**
     * One line of the table, without {@code .weight} and {@code .bias}: {@code #} is the layer, {@code *} the prefix
     * that some files leave out.
     *
     * @param part which of the {@code parts} of equal size that share the stored tensor, side by side along O
     */
    record Rule(String ours, String theirs, Form form, int part, int parts) {
        static Rule same(String ours, String theirs) {
            return new Rule(ours, theirs, Form.ROWS, 0, 1);
        }
    }

    /** Where one of our parameters is stored. */
    record Place(String name, Rule rule) {}

    /** This table with other lines in the place of those for the same parameters. */
    Names with(Rule... others) {
        List<Rule> all = rules.stream()
                .map(rule -> List.of(others).stream()
                        .filter(other -> other.ours.equals(rule.ours))
                        .findFirst()
                        .orElse(rule))
                .toList();
        return new Names(prefix, ignored, all);
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
        Matcher m = OURS.matcher(ours);
        if (!m.matches()) throw new IllegalArgumentException("checkpoint: " + ours + " is not a parameter's name");
        String layer = m.group(1);
        String pattern = (layer == null ? "" : "layers.#.") + m.group(2);
        Rule rule = rules.stream()
                .filter(r -> r.ours.equals(pattern))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException("checkpoint: the files of this family have no place for " + ours));
        String stored = rule.theirs.replace("*", prefixThere).replace("#", layer == null ? "" : layer) + m.group(3);
        return new Place(stored, rule);
    }
}
