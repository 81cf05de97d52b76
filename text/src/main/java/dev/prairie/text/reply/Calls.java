package dev.prairie.text.reply;

import java.util.List;
import java.util.function.Supplier;

/** Numbers and names the calls of one reply. */
final class Calls {
    private final ToolTypes types;
    private final Supplier<String> ids;
    private int count;

    Calls(ToolTypes types, Supplier<String> ids) {
        this.types = types;
        this.ids = ids;
    }

    ToolTypes types() {
        return types;
    }

    void emit(List<Called> calls, List<ReplyEvent> events) {
        for (Called call : calls) {
            events.add(new ReplyEvent.CallBegin(count, call.id().orElseGet(ids), call.name()));
            events.add(new ReplyEvent.Arguments(count, call.arguments().toString()));
            events.add(new ReplyEvent.CallEnd(count));
            count++;
        }
    }
}
