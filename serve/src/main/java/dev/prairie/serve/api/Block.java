package dev.prairie.serve.api;

/** A stretch of an answer of one kind, for dialects whose answers are lists of such. */
public sealed interface Block {
    /** What the model thinks before it answers. */
    record Thinking(String text) implements Block {
        @Override
        public Thinking plus(String more) {
            return new Thinking(text + more);
        }
    }

    /** What it says. */
    record Text(String text) implements Block {
        @Override
        public Text plus(String more) {
            return new Text(text + more);
        }
    }

    /** A tool that it calls; {@code text} is the JSON text of the arguments. */
    record Called(String id, String name, String text) implements Block {
        @Override
        public Called plus(String more) {
            return new Called(id, name, text + more);
        }
    }

    String text();

    /** The same, with more of its text. */
    Block plus(String more);
}
