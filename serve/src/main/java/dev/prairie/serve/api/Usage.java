package dev.prairie.serve.api;

/**
 * Tokens that an answer took.
 *
 * @param prompt     in all prompts
 * @param cached     of them, found computed
 * @param completion sampled, in all choices
 * @param reasoning  of them, thought and not said
 */
public record Usage(long prompt, long cached, long completion, long reasoning) {
    public long total() {
        return prompt + completion;
    }
}
