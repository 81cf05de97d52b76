package dev.prairie.serve.api;

import dev.prairie.text.reply.ReplyEvent;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cuts one choice's reply into blocks: events in, blocks that open, grow and close out, one at a time and counted from 0.
 * Whoever streams sends the changes, whoever does not takes {@link #all} at the end, so both say the same.
 */
public final class Blocks {
    /** What has happened to a block. */
    public sealed interface Change {
        int index();
    }

    /** It begins; nothing is in it yet. */
    public record Opened(int index, Block block) implements Change {}

    /** It has more text. */
    public record Grown(int index, Block block, String more) implements Change {}

    /** It is complete. */
    public record Closed(int index, Block block) implements Change {}

    private final List<Block> closed = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private @Nullable Block open; // without its text, which grows too often to be copied each time

    /** Takes what came next. */
    public List<Change> add(List<ReplyEvent> events) {
        List<Change> changes = new ArrayList<>();
        for (ReplyEvent event : events) {
            switch (event) {
                case ReplyEvent.Reasoning more -> grow(new Block.Thinking(""), more.text(), changes);
                case ReplyEvent.Content more -> grow(new Block.Text(""), more.text(), changes);
                case ReplyEvent.CallBegin call -> open(new Block.Called(call.id(), call.name(), ""), changes);
                case ReplyEvent.Arguments more -> grow(current(), more.json(), changes);
                case ReplyEvent.CallEnd call -> close(changes);
            }
        }
        return changes;
    }

    /** Closes what is open: nothing follows. */
    public List<Change> end() {
        List<Change> changes = new ArrayList<>();
        close(changes);
        return changes;
    }

    /** The blocks that are complete. */
    public List<Block> all() {
        return List.copyOf(closed);
    }

    private Block current() {
        if (open == null) {
            throw new IllegalStateException("arguments outside of a call");
        }
        return open;
    }

    private void grow(Block kind, String more, List<Change> changes) {
        if (more.isEmpty()) {
            return;
        }
        if (open == null || !open.getClass().equals(kind.getClass())) {
            open(kind, changes);
        }
        text.append(more);
        changes.add(new Grown(closed.size(), current(), more));
    }

    private void open(Block block, List<Change> changes) {
        close(changes);
        open = block;
        changes.add(new Opened(closed.size(), block));
    }

    private void close(List<Change> changes) {
        if (open != null) {
            Block whole = open.plus(text.toString());
            changes.add(new Closed(closed.size(), whole));
            closed.add(whole);
            text.setLength(0);
            open = null;
        }
    }
}
