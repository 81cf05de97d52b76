package dev.prairie.text.grammar;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Runs an {@link Automaton} with a stack: a byte leads from one {@link Configuration} to the next. Each is worked out
 * once and then looked up, so that what texts visit becomes a finite automaton while they visit it.
 *
 * <p>The stack is the graph of Tomita's parsers: rules called at the same place share a {@link Frame}. A call in last
 * place returns to its caller's callers, so that lists written as recursion to the right do not deepen it.
 *
 * <p>Not thread-safe.
 *
 * @see <a href="https://aclanthology.org/P84-1073/">Tomita, LR parsers for natural languages (1984)</a>
 */
final class Configurations {
    /** Stacks of one configuration; beyond, a grammar is too ambiguous to be followed. */
    private static final int MOST_STACKS = 20_000;

    /** What is remembered, in cells of tables, before all of it is forgotten and begun anew: some 64 MB. */
    private static final int MOST_CELLS = 8_000_000;

    private static final Comparator<Stack> ORDER =
            Comparator.comparingInt(Stack::state).thenComparingInt(stack -> stack.frame().id);

    private final Automaton automaton;
    private final byte[] classes;
    private final int[] sample;
    private final Map<Frame.Key, Frame> frames = new HashMap<>();
    private final Map<Frame.Key, Configuration> configurations = new HashMap<>();
    private final Configuration dead;
    private int ids;
    private int cells;

    /** A state and the frame of its rule. */
    private record Stack(int state, Frame frame) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Stack stack && state == stack.state && frame == stack.frame;
        }

        @Override
        public int hashCode() {
            return 31 * state + frame.id;
        }
    }

    Configurations(Automaton automaton) {
        this.automaton = automaton;
        classes = automaton.byteClasses();
        sample = new int[(classes[255] & 0xFF) + 1];
        for (int b = 255; b >= 0; b--) {
            sample[classes[b] & 0xFF] = b;
        }
        dead = new Configuration(new int[0], new Frame[0], 0, false, 0);
    }

    /** A new bottom of a stack. */
    Frame bottom() {
        return new Frame(ids++, new int[0], new Frame[0]);
    }

    /** A configuration of one state above a bottom. */
    Configuration at(int state, Frame bottom) {
        Arriving arriving = new Arriving();
        arriving.add(state, bottom);
        return arriving.configuration();
    }

    /** Where a rule of this frame returns to. */
    Configuration returned(Frame frame) {
        Configuration known = frame.returned;
        if (known == null) {
            Arriving arriving = new Arriving();
            for (int i = 0; i < frame.states.length; i++) {
                arriving.add(frame.states[i], frame.parents[i]);
            }
            known = arriving.configuration();
            frame.returned = known;
        }
        return known;
    }

    /** Where a byte leads; {@link Configuration#isDead} if it may not come. */
    Configuration step(Configuration from, byte value) {
        if (from.next.length == 0) {
            return dead;
        }
        int kind = classes[value & 0xFF] & 0xFF;
        Configuration known = from.next[kind];
        if (known == null) {
            known = stepAnew(from, sample[kind]);
            from.next[kind] = known;
        }
        return known;
    }

    private Configuration stepAnew(Configuration from, int value) {
        Arriving arriving = new Arriving();
        for (int i = 0; i < from.states.length; i++) {
            int[] edges = automaton.bytes[from.states[i]];
            for (int k = 0; k < edges.length; k += 3) {
                if (edges[k] <= value && value <= edges[k + 1]) {
                    arriving.add(edges[k + 2], from.frames[i]);
                }
            }
        }
        return arriving.configuration();
    }

    /** Where a whole token leads that rules ask for by its name. */
    Configuration token(Configuration from, boolean[] meant) {
        Arriving arriving = new Arriving();
        for (int i = 0; i < from.states.length; i++) {
            int[] edges = automaton.tokens[from.states[i]];
            for (int k = 0; k < edges.length; k += 2) {
                if (meant[edges[k]]) {
                    arriving.add(edges[k + 1], from.frames[i]);
                }
            }
        }
        return arriving.configuration();
    }

    /** What is in one configuration or the other. */
    Configuration union(Configuration a, Configuration b) {
        if (a.isDead() || b.isDead()) {
            return a.isDead() ? b : a;
        }
        Arriving arriving = new Arriving();
        for (Configuration part : List.of(a, b)) {
            for (int i = 0; i < part.reached; i++) {
                arriving.add(part.states[i], part.frames[i]);
            }
            arriving.ends |= part.ends;
        }
        return arriving.configuration();
    }

    private Frame frame(Set<Stack> callers) {
        List<Stack> sorted = new ArrayList<>(callers);
        sorted.sort(ORDER);
        Frame.Key key = key(sorted, false);
        return frames.computeIfAbsent(key, added -> {
            cells += 16 + 2 * added.states().length;
            return new Frame(ids++, added.states(), added.frames());
        });
    }

    private static Frame.Key key(List<Stack> stacks, boolean ends) {
        int[] states = stacks.stream().mapToInt(Stack::state).toArray();
        return new Frame.Key(states, stacks.stream().map(Stack::frame).toArray(Frame[]::new), ends);
    }

    /** The stacks that one byte leads to, while they are collected. */
    private final class Arriving {
        private final Set<Stack> reached = new HashSet<>();
        private final List<Stack> open = new ArrayList<>();
        private boolean ends;

        /** Adds a state that a byte led to: if its rule may end there, those that it returns to as well. */
        void add(int state, Frame frame) {
            put(new Stack(state, frame));
            while (!open.isEmpty()) {
                Stack stack = open.removeLast();
                if (automaton.finals[stack.state]) {
                    ends |= stack.frame.isBottom();
                    for (int i = 0; i < stack.frame.states.length; i++) {
                        put(new Stack(stack.frame.states[i], stack.frame.parents[i]));
                    }
                }
            }
        }

        private void put(Stack stack) {
            if (reached.add(stack)) {
                if (reached.size() > MOST_STACKS) {
                    throw new GrammarException("the text can be read in more than " + MOST_STACKS
                            + " ways at once; make the grammar less ambiguous");
                }
                open.add(stack);
            }
        }

        Configuration configuration() {
            List<Stack> kept = new ArrayList<>();
            for (Stack stack : reached) {
                if (!automaton.isLast(stack.state)) {
                    kept.add(stack);
                }
            }
            if (kept.isEmpty() && !ends) {
                return dead;
            }
            kept.sort(ORDER);
            Frame.Key key = key(kept, ends);
            Configuration known = configurations.get(key);
            if (known == null) {
                known = made(kept, key);
                if (cells > MOST_CELLS) {
                    // Whoever stands somewhere keeps what it stands on; nothing else does.
                    frames.clear();
                    configurations.clear();
                    cells = 0;
                }
                cells += 16 + 2 * known.states.length + known.next.length;
                configurations.put(key, known);
            }
            return known;
        }

        /** With the rules that are called here, each after all that may call it. */
        private Configuration made(List<Stack> kept, Frame.Key key) {
            List<Stack> all = new ArrayList<>(kept);
            TreeMap<Integer, Set<Stack>> callers = new TreeMap<>();
            int[] ruleAt = new int[automaton.starts.length];
            for (Stack stack : kept) {
                call(stack, callers, ruleAt);
            }
            while (!callers.isEmpty()) {
                Map.Entry<Integer, Set<Stack>> first = callers.pollFirstEntry();
                Stack called = new Stack(automaton.starts[ruleAt[first.getKey()]], frame(first.getValue()));
                all.add(called);
                call(called, callers, ruleAt);
            }
            if (all.size() > MOST_STACKS) {
                throw new GrammarException("the grammar calls more than " + MOST_STACKS + " rules at one place");
            }
            int[] states = all.stream().mapToInt(Stack::state).toArray();
            Frame[] own = all.stream().map(Stack::frame).toArray(Frame[]::new);
            return new Configuration(states, own, key.states().length, key.ends(), sample.length);
        }

        private void call(Stack stack, Map<Integer, Set<Stack>> callers, int[] ruleAt) {
            int[] calls = automaton.calls[stack.state];
            for (int k = 0; k < calls.length; k += 2) {
                int rank = automaton.rank[calls[k]];
                ruleAt[rank] = calls[k];
                Set<Stack> own = callers.computeIfAbsent(rank, added -> new HashSet<>());
                int after = calls[k + 1];
                if (automaton.isLast(after) && !stack.frame.isBottom()) {
                    for (int i = 0; i < stack.frame.states.length; i++) {
                        own.add(new Stack(stack.frame.states[i], stack.frame.parents[i]));
                    }
                } else {
                    own.add(new Stack(after, stack.frame));
                }
            }
        }
    }

    /** Where nothing leads on. */
    Configuration dead() {
        return dead;
    }

    /** The one byte that may come, or -1 if there are several, none, or whole tokens. */
    int onlyByte(Configuration from) {
        int found = -1;
        for (int state : from.states) {
            int[] edges = automaton.bytes[state];
            for (int k = 0; k < edges.length; k += 3) {
                if (edges[k] != edges[k + 1] || (found >= 0 && found != edges[k])) {
                    return -1;
                }
                found = edges[k];
            }
            if (automaton.tokens[state].length > 0) {
                return -1;
            }
        }
        return found;
    }

    /** Counts memory that hangs on configurations and goes when they are forgotten. */
    void charge(int words) {
        cells += 2 * words;
    }
}
