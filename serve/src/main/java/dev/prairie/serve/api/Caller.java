package dev.prairie.serve.api;

/** Who makes a call. */
public interface Caller {
    /** What logs and counts know the caller by. */
    String name();

    /** Whom cached prompts belong to: callers of one tenant may share them. */
    String tenant();

    /** Whether the caller may do what {@code scope} says. */
    boolean may(Scope scope);

    /**
     * Counts a call that needs {@code scope}.
     *
     * @throws ApiException 403 if the caller lacks the scope, 429 if it calls too often
     */
    void enter(Scope scope);

    /**
     * Sets {@code tokens} aside from what the caller may use, prompt and answer together, before they are spent.
     *
     * @throws ApiException 429 with the limit and when to come again, if they are not there
     */
    Reserved reserve(long tokens);

    /** Tokens that were set aside, until it is known how many were used. */
    interface Reserved {
        /** What was used; the rest goes back. Called exactly once. */
        void settle(Usage usage);
    }

    /** Someone at this machine, whom nobody limits. */
    Caller LOCAL = unlimited("local", true);

    /** Someone of whom nothing is known and nothing is asked. */
    Caller ANYONE = unlimited("", false);

    private static Caller unlimited(String name, boolean everything) {
        return new Caller() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public String tenant() {
                return "";
            }

            @Override
            public boolean may(Scope scope) {
                return everything || scope == Scope.OPEN;
            }

            @Override
            public void enter(Scope scope) {}

            @Override
            public Reserved reserve(long tokens) {
                return usage -> {};
            }
        };
    }
}
