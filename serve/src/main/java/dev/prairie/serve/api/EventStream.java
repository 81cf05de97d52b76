package dev.prairie.serve.api;

import io.javalin.http.Context;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Server-sent events (<a href="https://html.spec.whatwg.org/multipage/server-sent-events.html">WHATWG HTML</a>), each
 * sent as soon as it is written. A client that has gone shows itself as an IOException.
 */
public final class EventStream {
    private final OutputStream out;

    /** Commits the response: from here on errors can only be sent as events. */
    public EventStream(Context context) throws IOException {
        context.res().setContentType("text/event-stream; charset=utf-8");
        context.res().setHeader("Cache-Control", "no-cache");
        context.res().setHeader("X-Accel-Buffering", "no"); // asks a proxy in between not to wait for more
        out = context.res().getOutputStream();
        out.flush();
    }

    public void json(Object value) throws IOException {
        write("data: ", Json.bytes(value));
    }

    public void data(String line) throws IOException {
        write("data: ", line.getBytes(StandardCharsets.UTF_8));
    }

    public void event(String name, Object value) throws IOException {
        write("event: " + name + "\ndata: ", Json.bytes(value));
    }

    /** What the client may tell us after a reconnect. */
    public void event(String name, long id, Object value) throws IOException {
        write("id: " + id + "\nevent: " + name + "\ndata: ", Json.bytes(value));
    }

    public void comment(String text) throws IOException {
        write(": ", text.getBytes(StandardCharsets.UTF_8));
    }

    private void write(String head, byte[] line) throws IOException {
        out.write(head.getBytes(StandardCharsets.UTF_8));
        out.write(line);
        out.write('\n');
        out.write('\n');
        out.flush();
    }
}
