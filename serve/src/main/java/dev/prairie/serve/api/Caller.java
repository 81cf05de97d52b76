package dev.prairie.serve.api;

/** Who makes a call. */
public interface Caller {
    /** Whom cached prompts belong to: callers of one tenant may share them. */
    String tenant();

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
    Caller LOCAL = new Caller() {
        @Override
        public String tenant() {
            return "";
        }

        @Override
        public Reserved reserve(long tokens) {
            return usage -> {};
        }
    };
}
