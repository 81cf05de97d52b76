package dev.prairie.model.checkpoint;

import static dev.prairie.model.checkpoint.Names.rule;

import dev.prairie.model.checkpoint.Names.Form;
import dev.prairie.model.checkpoint.Names.Rule;
import java.util.List;
import java.util.regex.Pattern;

/** What tensors are called in GGUF files: llama.cpp, {@code llama-arch.cpp}, the same for every architecture that has one. */
final class GgufNames {
    /** What pairs are divided by when positions turn: it belongs to the config, {@link GgufRope} reads it. */
    static final String ROPE_FREQUENCIES = "rope_freqs.weight";

    static final String ROPE_SHORT = "rope_factors_short.weight";
    static final String ROPE_LONG = "rope_factors_long.weight";

    /** As most architectures have them. */
    static final Names PLAIN = new Names(
            "",
            Pattern.compile(
                    "blk\\.\\d+\\.attn_rot_embd\\.weight|(blk\\.\\d+\\.)?rope_(freqs|factors_(short|long))\\.weight"),
            List.of(
                    rule("tokens", "token_embd"),
                    rule("types", "token_types"),
                    rule("positions", "position_embd"),
                    rule("tokens.norm", "token_embd_norm"),
                    rule("layers.#.attention.norm", "blk.#.attn_norm"),
                    rule("layers.#.attention.q", "blk.#.attn_q"),
                    rule("layers.#.attention.k", "blk.#.attn_k"),
                    rule("layers.#.attention.v", "blk.#.attn_v"),
                    rule("layers.#.attention.q.norm", "blk.#.attn_q_norm"),
                    rule("layers.#.attention.k.norm", "blk.#.attn_k_norm"),
                    rule("layers.#.attention.out", "blk.#.attn_output"),
                    rule("layers.#.feedforward.norm", "blk.#.ffn_norm"),
                    rule("layers.#.feedforward.gate", "blk.#.ffn_gate"),
                    rule("layers.#.feedforward.up", "blk.#.ffn_up"),
                    rule("layers.#.feedforward.down", "blk.#.ffn_down"),
                    rule("layers.#.feedforward.router", "blk.#.ffn_gate_inp"),
                    new Rule("layers.#.feedforward.experts.@.gate", "blk.#.ffn_gate_exps", Form.EXPERTS),
                    new Rule("layers.#.feedforward.experts.@.up", "blk.#.ffn_up_exps", Form.EXPERTS),
                    new Rule("layers.#.feedforward.experts.@.down", "blk.#.ffn_down_exps", Form.EXPERTS),
                    rule("layers.#.feedforward.shared.router", "blk.#.ffn_gate_inp_shexp"),
                    rule("layers.#.feedforward.shared.gate", "blk.#.ffn_gate_shexp"),
                    rule("layers.#.feedforward.shared.up", "blk.#.ffn_up_shexp"),
                    rule("layers.#.feedforward.shared.down", "blk.#.ffn_down_shexp"),
                    rule("norm", "output_norm"),
                    rule("head", "output")));

    /** With the pairs that are turned together side by side, as the architecture named llama has them. */
    static final Names PAIRS = PLAIN.with(
            new Rule("layers.#.attention.q", "blk.#.attn_q", Form.PAIRS),
            new Rule("layers.#.attention.k", "blk.#.attn_k", Form.PAIRS));

    /** With queries, keys and values below one another in one tensor. */
    static final Names JOINED = PLAIN.with(
            rule("layers.#.attention.q", "blk.#.attn_qkv"),
            rule("layers.#.attention.k", "blk.#.attn_qkv"),
            rule("layers.#.attention.v", "blk.#.attn_qkv"));

    /** And gate and up in one. */
    static final Names PHI3 = JOINED.with(
            rule("layers.#.feedforward.gate", "blk.#.ffn_up"), rule("layers.#.feedforward.up", "blk.#.ffn_up"));

    static final Names GEMMA2 = PLAIN.with(
            rule("layers.#.attention.after.norm", "blk.#.post_attention_norm"),
            rule("layers.#.feedforward.after.norm", "blk.#.post_ffw_norm"));

    static final Names BERT = PLAIN.with(
            rule("layers.#.attention.norm", "blk.#.attn_output_norm"),
            rule("layers.#.feedforward.norm", "blk.#.layer_output_norm"));

    private GgufNames() {}
}
