package dev.prairie.text.grammar;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** The fewest bytes that bring a text to an end: how far each state is from the end of its rule, then always downhill. */
final class ShortestEnd {
    private static final int FAR = 1 << 28;

    private final Automaton automaton;
    private final int[] distance;
    private final Map<Frame, Integer> above = new HashMap<>();

    ShortestEnd(Grammar grammar) {
        automaton = grammar.automaton();
        distance = new int[automaton.states()];
        Arrays.fill(distance, FAR);
        for (boolean changed = true; changed; ) {
            changed = false;
            for (int state = distance.length - 1; state >= 0; state--) {
                int best = automaton.finals[state] ? 0 : FAR;
                int[] bytes = automaton.bytes[state];
                for (int i = 0; i < bytes.length; i += 3) {
                    best = Math.min(best, 1 + distance[bytes[i + 2]]);
                }
                int[] calls = automaton.calls[state];
                for (int i = 0; i < calls.length; i += 2) {
                    int own = Math.max(1, distance[automaton.starts[calls[i]]]);
                    best = Math.min(best, own + distance[calls[i + 1]]);
                }
                if (best < distance[state]) {
                    distance[state] = best;
                    changed = true;
                }
            }
        }
    }

    byte[] after(byte[] text) {
        Configurations configurations = new Configurations(automaton);
        Configuration at = configurations.at(0, configurations.bottom());
        for (byte value : text) {
            at = configurations.step(at, value);
        }
        ByteArrayOutputStream way = new ByteArrayOutputStream();
        while (!(text.length + way.size() == 0 ? automaton.finals[0] : at.ends)) {
            Configuration best = at;
            int least = FAR;
            byte chosen = 0;
            for (int b = 0; b < 256; b++) {
                Configuration next = configurations.step(at, (byte) b);
                int own = next.isDead() ? FAR : distance(next);
                if (own < least) {
                    least = own;
                    best = next;
                    chosen = (byte) b;
                }
            }
            if (best == at || way.size() > 10_000) {
                throw new AssertionError("no end after " + new String(text, java.nio.charset.StandardCharsets.UTF_8)
                        + way.toString(java.nio.charset.StandardCharsets.UTF_8));
            }
            way.write(chosen);
            at = best;
        }
        return way.toByteArray();
    }

    private int distance(Configuration at) {
        int best = at.ends ? 0 : FAR;
        for (int i = 0; i < at.states.length; i++) {
            best = Math.min(best, distance[at.states[i]] + above(at.frames[i]));
        }
        return best;
    }

    private int above(Frame frame) {
        Integer known = above.get(frame);
        if (known != null) {
            return known;
        }
        int best = frame.isBottom() ? 0 : FAR;
        for (int i = 0; i < frame.states.length; i++) {
            best = Math.min(best, distance[frame.states[i]] + above(frame.parents[i]));
        }
        above.put(frame, best);
        return best;
    }
}
