package dev.prairie.text.grammar;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One rule on the stack, and where it returns to: states, each with the frame of its own rule. Rules that are called at
 * one place of a text from several places share a frame, which is what keeps ambiguous grammars from multiplying. Frames
 * of equal content are one object. A frame without callers is the bottom.
 */
final class Frame {
    final int id;
    final int[] states;
    final Frame[] parents;

    /** Where the text stands when the rule has ended; filled in when first asked for. */
    @Nullable
    Configuration returned;

    Frame(int id, int[] states, Frame[] parents) {
        this.id = id;
        this.states = states;
        this.parents = parents;
    }

    boolean isBottom() {
        return states.length == 0;
    }

    /** The content of a frame or of a configuration, to find the object that has it already. */
    record Key(int[] states, Frame[] frames, boolean ends) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Key key
                    && ends == key.ends
                    && Arrays.equals(states, key.states)
                    && sameFrames(frames, key.frames);
        }

        /** Frames are single objects, so that content need not be compared again all the way down. */
        private static boolean sameFrames(Frame[] a, Frame[] b) {
            for (int i = 0; i < a.length; i++) {
                if (a[i] != b[i]) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public int hashCode() {
            int hash = Arrays.hashCode(states);
            for (Frame frame : frames) {
                hash = 31 * hash + frame.id;
            }
            return 2 * hash + (ends ? 1 : 0);
        }
    }
}
