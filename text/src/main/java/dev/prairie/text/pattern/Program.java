package dev.prairie.text.pattern;

import java.util.ArrayList;
import java.util.List;

/**
 * A pattern as instructions of a machine that may be at several places at once (Thompson's construction), the places
 * in the order in which a backtracking engine would try them.
 *
 * @see <a href="https://swtch.com/~rsc/regexp/regexp2.html">Cox: Regular expression matching, the virtual machine
 *     approach</a>
 */
final class Program {
    private static final int LARGEST = 20_000;

    /** One instruction; {@code next} and {@code other} are places of instructions. */
    sealed interface Instruction {

        /** Takes one character of the set. */
        record Take(CharSet set, int next) implements Instruction {}

        /** Goes on at both places, rather at {@code next}. */
        record Fork(int next, int other) implements Instruction {}

        /** Goes on if the characters beside the place are as demanded. */
        record Check(Node.Look look, int next) implements Instruction {}

        /** The pattern is matched. */
        record Match() implements Instruction {}
    }

    private final List<Instruction> instructions = new ArrayList<>();

    private Program() {}

    static Program of(Node node) {
        Program program = new Program();
        program.start = program.add(node, program.put(new Instruction.Match()));
        return program;
    }

    private int start;

    int start() {
        return start;
    }

    int size() {
        return instructions.size();
    }

    Instruction at(int place) {
        return instructions.get(place);
    }

    /** The sets that instructions take or look at. */
    List<CharSet> sets() {
        List<CharSet> sets = new ArrayList<>();
        for (Instruction instruction : instructions) {
            if (instruction instanceof Instruction.Take take) {
                sets.add(take.set());
            } else if (instruction instanceof Instruction.Check check) {
                sets.add(check.look().set());
            }
        }
        return sets.stream().distinct().toList();
    }

    /** Whether what came before a place can matter. */
    boolean looksBehind() {
        return instructions.stream()
                .anyMatch(instruction -> instruction instanceof Instruction.Check check
                        && check.look().side() != Node.Side.AHEAD
                        && check.look().side() != Node.Side.NOT_AHEAD);
    }

    /** Adds a part that goes on at {@code next}, and gives the place where it begins. */
    private int add(Node node, int next) {
        return switch (node) {
            case Node.Chars chars -> put(new Instruction.Take(chars.set(), next));
            case Node.Look look -> put(new Instruction.Check(look, next));
            case Node.Sequence sequence -> {
                int place = next;
                for (Node part : sequence.parts().reversed()) {
                    place = add(part, place);
                }
                yield place;
            }
            case Node.Choice choice -> {
                int place = add(choice.options().getLast(), next);
                for (int i = choice.options().size() - 2; i >= 0; i--) {
                    place = put(new Instruction.Fork(add(choice.options().get(i), next), place));
                }
                yield place;
            }
            case Node.Repeat repeat -> add(repeat, next);
        };
    }

    private int add(Node.Repeat repeat, int next) {
        int place = next;
        if (repeat.most() == Node.Repeat.FOREVER) {
            int loop = put(new Instruction.Match()); // taken back once the body's place is known
            int body = add(repeat.part(), loop);
            instructions.set(loop, fork(repeat, body, next));
            place = loop;
        } else {
            for (int i = repeat.least(); i < repeat.most(); i++) {
                place = put(fork(repeat, add(repeat.part(), place), next));
            }
        }
        for (int i = 0; i < repeat.least(); i++) {
            place = add(repeat.part(), place);
        }
        return place;
    }

    private static Instruction fork(Node.Repeat repeat, int body, int next) {
        return repeat.lazy() ? new Instruction.Fork(next, body) : new Instruction.Fork(body, next);
    }

    private int put(Instruction instruction) {
        if (instructions.size() == LARGEST) {
            throw new IllegalArgumentException("a pattern needs more than " + LARGEST
                    + " instructions; its counts in braces are too large for a tokenizer");
        }
        instructions.add(instruction);
        return instructions.size() - 1;
    }
}
