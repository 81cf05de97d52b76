package dev.prairie.tensor;

/** How the scores of a router become the weights of the experts that it chooses: those with the largest scores. */
public enum Routing {
    /** Their shares of the softmax over all experts; they add up to less than 1. */
    SHARE,

    /** The softmax over the chosen ones alone: the same shares, made to add up to 1 (Mixtral, arXiv 2401.04088). */
    CHOSEN,

    /** The sigmoid of each score: a gate of its own (the shared expert of Qwen1.5-MoE). */
    GATE
}
