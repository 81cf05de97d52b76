package dev.prairie.cpu.codegen;

import java.util.ArrayList;
import java.util.List;

/** A place in the code; jumps may name it before it is placed. Belongs to one {@link Assembler}. */
public final class Label {
    private static final int UNPLACED = -1;

    int position = UNPLACED;

    /** Where 32-bit distances to this label are to be filled in. */
    final List<Integer> jumps = new ArrayList<>();

    boolean placed() {
        return position != UNPLACED;
    }
}
