package dev.prairie.serve.engine;

import dev.prairie.text.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * The tokens that end what a model says: the end of the sequence, and those with which the common chat formats end a
 * turn. They are known by their texts, since vocabularies name but one of them.
 */
final class EndTokens {
    private static final Set<String> TEXTS = Set.of(
            "</s>",
            "<|endoftext|>",
            "<|end_of_text|>",
            "<|im_end|>", // ChatML, Qwen
            "<|eot_id|>", // Llama 3
            "<|eom_id|>",
            "<end_of_turn>", // Gemma
            "<turn|>",
            "<｜end▁of▁sentence｜>", // DeepSeek
            "<|return|>", // harmony
            "<|call|>",
            "<|endofturn|>",
            "<|end_of_turn|>",
            "<|END_OF_TURN_TOKEN|>",
            "<|user|>", // GLM goes on as the user
            "<|observation|>",
            "<seed:eos>");

    /** Ends a turn of Phi's, but only one of several messages in the harmony format. */
    private static final String PHI = "<|end|>";

    private EndTokens() {}

    static boolean ends(Tokenizer tokenizer, int id) {
        if (tokenizer.eos().orElse(-1) == id) {
            return true;
        }
        if (!tokenizer.specials().isSpecial(id)) {
            return false;
        }
        String text = new String(tokenizer.bytes(id), StandardCharsets.UTF_8);
        return TEXTS.contains(text)
                || (text.equals(PHI) && tokenizer.id("<|return|>").isEmpty());
    }
}
