package dev.prairie.serve.ollama;

import dev.prairie.serve.api.Json;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.OutputStream;

/** A line of JSON at a time, each sent as soon as it is written. A client that has gone shows itself as an IOException. */
final class Lines {
    private final OutputStream out;

    /** Commits the response: from here on errors can only be sent as lines. */
    Lines(Context context) throws IOException {
        context.res().setContentType("application/x-ndjson");
        context.res().setHeader("X-Accel-Buffering", "no"); // asks a proxy in between not to wait for more
        out = context.res().getOutputStream();
        out.flush();
    }

    void send(Object value) throws IOException {
        out.write(Json.bytes(value));
        out.write('\n');
        out.flush();
    }
}
