package dev.prairie.serve.api;

import dev.prairie.serve.resident.Lease;
import io.javalin.http.Context;
import java.io.IOException;
import java.time.Duration;
import tools.jackson.databind.node.ObjectNode;

/** One HTTP call that was let in: its caller, its body, and the ways to answer it. */
public final class Call {
    private final Context context;
    private final Caller caller;
    private final Calls calls;
    private final int maxBody;

    Call(Context context, Caller caller, Calls calls, int maxBody) {
        this.context = context;
        this.caller = caller;
        this.calls = calls;
        this.maxBody = maxBody;
    }

    /** The HTTP library's view of it, for what is not here. */
    public Context context() {
        return context;
    }

    public Caller caller() {
        return caller;
    }

    /** What all calls share. */
    public Calls calls() {
        return calls;
    }

    /** A stream that has nothing to say for this long should say so. */
    public Duration patience() {
        return calls.patience();
    }

    /** The body, which must be one JSON object. */
    public ObjectNode body() {
        return Json.parseObject(bytes());
    }

    /** The body's fields. */
    public Fields fields() {
        return new Fields(body());
    }

    /** A part of the path. */
    public String path(String name) {
        return context.pathParam(name);
    }

    /** The model of that name; the caller closes it, or gives it to {@link #answer}. */
    public Lease lease(String id) {
        return calls.lease(id);
    }

    /** Begins to generate; closing the answer closes the lease too, and so does a refusal. */
    public Answer answer(Generation generation) {
        int choices = generation.choices();
        int capacity = generation.lease().engine().capacity();
        try {
            if (choices > capacity) {
                throw ApiException.invalid(
                        "n", choices + " answers in all, give fewer prompts or choices: " + capacity + " fit");
            }
            return new Answer(calls, caller, generation);
        } catch (RuntimeException refused) {
            generation.lease().close();
            throw refused;
        }
    }

    /** Answers with JSON. */
    public void json(int status, Object value) {
        json(context, status, value);
    }

    /** Answers with events. From here on errors can only be sent as such. */
    public EventStream events() throws IOException {
        return new EventStream(context);
    }

    static void json(Context context, int status, Object value) {
        context.status(status).contentType("application/json").result(Json.bytes(value));
    }

    /** The whole body, unless it is longer than the limit. */
    private byte[] bytes() {
        try {
            byte[] body = context.req().getInputStream().readNBytes(maxBody + 1);
            if (body.length <= maxBody) {
                return body;
            }
            // Read on for a while: a client that is still sending would not see the answer.
            context.req().getInputStream().skip(maxBody);
        } catch (IOException e) {
            throw ApiException.refused(400, "body_unreadable", "the body ended early: " + e.getMessage());
        }
        context.header("Connection", "close");
        throw ApiException.refused(
                413, "body_too_large", "the body is longer than " + maxBody + " bytes, send a shorter one");
    }
}
