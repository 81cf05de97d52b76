package dev.prairie.text.grammar;

/** How large a grammar may become: whatever takes memory asks here first, so that no grammar is a bomb. */
final class Budget {
    /** States of all rules together; one takes some 200 bytes while the grammar is built. */
    static final int MOST_STATES = 400_000;

    private final int most;
    private int spent;

    Budget(int most) {
        this.most = most;
    }

    void spend(int states) {
        if (states > most - spent) {
            throw new GrammarException("the grammar needs more than " + most
                    + " states; use smaller repetition counts, shorter lists or fewer alternatives");
        }
        spent += states;
    }
}
