package dev.prairie.cpu.codegen;

import java.util.ArrayList;
import java.util.List;

/** The vector registers of a function under construction, and which of them are free. */
final class Registers {
    private final List<Vec> free = new ArrayList<>();

    Registers(Isa isa) {
        for (int i = isa.registers() - 1; i >= 0; i--) free.add(new Vec(i, isa.bits()));
    }

    Vec take() {
        if (free.isEmpty()) throw new IllegalStateException("codegen: a formula needs more registers than there are");
        return free.removeLast();
    }

    void give(Vec register) {
        if (free.contains(register)) throw new IllegalStateException("codegen: " + register + " is given back twice");
        free.add(register);
    }

    int left() {
        return free.size();
    }

    /** A memory of which are free, for {@link #restore}. */
    List<Vec> state() {
        return List.copyOf(free);
    }

    /** Frees whatever was taken since {@link #state}. */
    void restore(List<Vec> state) {
        free.clear();
        free.addAll(state);
    }
}
