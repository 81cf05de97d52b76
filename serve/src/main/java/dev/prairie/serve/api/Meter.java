package dev.prairie.serve.api;

import io.javalin.http.Context;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What is learned of a call on its way through the server. Used by the call's own thread. */
final class Meter {
    private static final String ATTRIBUTE = "prairie.meter";

    private final String id;
    private final Instant began = Instant.now();
    private final long beganNanos = System.nanoTime();
    private final List<Outcome.Pace> answers = new ArrayList<>();
    private String caller = "";
    private String route = "";
    private Scope scope = Scope.ANY;
    private Usage usage = new Usage(0, 0, 0, 0);
    private boolean gone;
    private @Nullable String model;
    private @Nullable String error;

    private Meter(String id) {
        this.id = id;
    }

    /** Begins with a request, whose id the answer will bear. */
    static void begin(Context context) {
        var meter = new Meter(RequestId.of(context.header(RequestId.HEADER)));
        context.attribute(ATTRIBUTE, meter);
        context.header(RequestId.HEADER, meter.id);
    }

    static Meter of(Context context) {
        return Objects.requireNonNull(context.<Meter>attribute(ATTRIBUTE), "this call was not begun");
    }

    String id() {
        return id;
    }

    /** When the call came, by {@link System#nanoTime}. */
    long beganNanos() {
        return beganNanos;
    }

    Instant began() {
        return began;
    }

    void goesTo(String path, Scope needed) {
        route = path;
        scope = needed;
    }

    void model(String name) {
        model = name;
    }

    void failed(@Nullable String code) {
        error = code;
    }

    /** The client did not wait. */
    void gone() {
        gone = true;
    }

    void answered(Outcome.Pace pace) {
        answers.add(pace);
    }

    /** The caller, with everything that is settled counted here too. */
    Caller metered(Caller who) {
        caller = who.name();
        return new Caller() {
            @Override
            public String name() {
                return who.name();
            }

            @Override
            public String tenant() {
                return who.tenant();
            }

            @Override
            public boolean may(Scope wanted) {
                return who.may(wanted);
            }

            @Override
            public void enter(Scope wanted) {
                who.enter(wanted);
            }

            @Override
            public Reserved reserve(long tokens) {
                Reserved reserved = who.reserve(tokens);
                return used -> {
                    usage = usage.plus(used);
                    reserved.settle(used);
                };
            }
        };
    }

    Outcome outcome(Context context) {
        return new Outcome(
                began,
                Duration.ofNanos(System.nanoTime() - beganNanos),
                id,
                caller,
                context.req().getMethod(),
                route,
                scope,
                gone ? Outcome.GONE : context.statusCode(),
                error,
                model,
                usage,
                answers);
    }
}
