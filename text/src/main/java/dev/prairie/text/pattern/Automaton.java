package dev.prairie.text.pattern;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A {@link Program} made deterministic. A state is the ordered list of places that the program may be at; the step that
 * reads a character first settles the looks at it, so a look ahead of one character costs nothing. A place that matches
 * ends the list: what a backtracking engine would only try later can no longer win.
 */
final class Automaton {
    /** The state from which nothing can match any more. */
    static final int DEAD = 0;

    private static final int MOST_STATES = 10_000;
    private static final int MOST_CELLS = 1 << 22;

    private final Program program;
    private final boolean looksBehind;
    /** The class of each character of the basic plane; those above are found by {@link #borders}. */
    private final short[] classOfLow = new short[1 << 16];

    private final int[] borders;
    private final short[] classOfInterval;
    /** A character of each class. */
    private final int[] examples;
    /** For each class the state at a place after a character of it; the last is for the start of the text. */
    private final int[] starts;
    /** For each state and class (the last is the end of the text): next state, times 2, plus 1 if a match ends here. */
    private final int[] steps;

    private final int classes;

    /** The places of a state, and the class before it where that can matter. */
    private record State(List<Integer> places, int before) {}

    Automaton(Program program) {
        this.program = program;
        looksBehind = program.looksBehind();
        List<CharSet> sets = program.sets();
        TreeSet<Integer> cuts = new TreeSet<>(List.of(0));
        sets.forEach(set -> Arrays.stream(set.borders()).forEach(cuts::add));
        cuts.remove(Character.MAX_CODE_POINT + 1);
        borders = cuts.stream().mapToInt(c -> c).toArray();
        classOfInterval = new short[borders.length];
        Map<List<Boolean>, Short> byMembership = new HashMap<>();
        List<Integer> found = new ArrayList<>();
        for (int i = 0; i < borders.length; i++) {
            int first = borders[i];
            List<Boolean> membership =
                    sets.stream().map(set -> set.contains(first)).toList();
            classOfInterval[i] = byMembership.computeIfAbsent(membership, key -> {
                found.add(first);
                return (short) (found.size() - 1);
            });
            int last = Math.min(i + 1 < borders.length ? borders[i + 1] : 1 << 16, 1 << 16);
            if (first < last) {
                Arrays.fill(classOfLow, first, last, classOfInterval[i]);
            }
        }
        examples = found.stream().mapToInt(c -> c).toArray();
        classes = examples.length;
        starts = new int[classes + 1];
        steps = build();
    }

    /** The state before the character at {@code place}, {@code before} being the one in front of it or −1. */
    int start(int before) {
        return looksBehind ? starts[before < 0 ? classes : classOf(before)] : starts[0];
    }

    /** What reading a character does: the next state times 2, plus 1 if a match ends in front of the character. */
    int step(int state, int character) {
        return steps[state * (classes + 1) + classOf(character)];
    }

    /** Whether a match ends at the end of the text. */
    boolean matchesAtEnd(int state) {
        return (steps[state * (classes + 1) + classes] & 1) != 0;
    }

    private int classOf(int character) {
        if (character < 1 << 16) {
            return classOfLow[character];
        }
        int at = Arrays.binarySearch(borders, character);
        return classOfInterval[at >= 0 ? at : ~at - 1];
    }

    private int[] build() {
        Map<State, Integer> ids = new HashMap<>();
        List<State> states = new ArrayList<>();
        State dead = new State(List.of(), -1);
        ids.put(dead, DEAD);
        states.add(dead);
        for (int before = 0; before <= classes; before++) {
            State start = new State(List.of(program.start()), looksBehind ? before : -1);
            starts[before] = id(start, ids, states);
        }
        int[] table = new int[16 * (classes + 1)];
        for (int state = 1; state < states.size(); state++) {
            if ((state + 1) * (classes + 1) > table.length) {
                table = Arrays.copyOf(table, 2 * table.length);
            }
            for (int read = 0; read <= classes; read++) {
                Reading reading = new Reading(states.get(state).before(), read);
                states.get(state).places().forEach(reading::visit);
                State next = reading.next.isEmpty() ? dead : new State(reading.next, looksBehind ? read : -1);
                table[state * (classes + 1) + read] =
                        2 * id(next, ids, states) + (reading.matched ? 1 : 0);
            }
        }
        return Arrays.copyOf(table, states.size() * (classes + 1));
    }

    private int id(State state, Map<State, Integer> ids, List<State> states) {
        return ids.computeIfAbsent(state, key -> {
            if (states.size() == MOST_STATES || (long) states.size() * (classes + 1) > MOST_CELLS) {
                throw new IllegalArgumentException("a pattern needs an automaton of more than " + states.size()
                        + " states; it is too large for a tokenizer");
            }
            states.add(key);
            return states.size() - 1;
        });
    }

    /** The places reached from those of one state when a character of one class is read. */
    private final class Reading {
        private final int before;
        private final int read;
        private final boolean[] seen = new boolean[program.size()];
        private final boolean[] reached = new boolean[program.size()];
        private final List<Integer> next = new ArrayList<>();
        private boolean matched;

        Reading(int before, int read) {
            this.before = before;
            this.read = read;
        }

        /** Follows one place as far as no character is needed. Its own stack, since loops in patterns may be deep. */
        void visit(int place) {
            List<Integer> open = new ArrayList<>(List.of(place));
            while (!open.isEmpty() && !matched) {
                int at = open.removeLast();
                if (seen[at]) {
                    continue;
                }
                seen[at] = true;
                switch (program.at(at)) {
                    case Program.Instruction.Take take -> {
                        if (has(take.set(), read) && !reached[take.next()]) {
                            reached[take.next()] = true;
                            next.add(take.next());
                        }
                    }
                    case Program.Instruction.Fork fork -> {
                        open.add(fork.other());
                        open.add(fork.next());
                    }
                    case Program.Instruction.Check check -> {
                        CharSet set = check.look().set();
                        if (check.look().side().holds(has(set, before), has(set, read))) {
                            open.add(check.next());
                        }
                    }
                    case Program.Instruction.Match match -> matched = true;
                }
            }
        }

        private boolean has(CharSet set, int kind) {
            return kind >= 0 && kind < classes && set.contains(examples[kind]);
        }
    }
}
