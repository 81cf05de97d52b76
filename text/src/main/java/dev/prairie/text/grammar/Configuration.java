package dev.prairie.text.grammar;

import org.jspecify.annotations.Nullable;

/**
 * Everything that a text so far may have meant: states, each with the frame of its rule. Of equal configurations there is
 * one, which remembers where each byte leads and which tokens may follow.
 */
final class Configuration {
    /** The states that the last byte led to or returned to, those first; then those of the rules that they call. */
    final int[] states;

    final Frame[] frames;
    /** How many of {@link #states} the last byte led to. What may follow them says all: the rest is called by them. */
    final int reached;
    /** Whether the text may end here, or the rule at the bottom. */
    final boolean ends;
    /** By class of bytes: where such a byte leads; null where that was not asked yet. */
    final @Nullable Configuration[] next;

    /** The tokens that may follow, ends not among them; filled in when first asked for. */
    @Nullable
    Mask mask;

    Configuration(int[] states, Frame[] frames, int reached, boolean ends, int classes) {
        this.states = states;
        this.frames = frames;
        this.reached = reached;
        this.ends = ends;
        next = new Configuration[states.length == 0 ? 0 : classes];
    }

    /** Whether no text can have come here. */
    boolean isDead() {
        return states.length == 0 && !ends;
    }
}
