package dev.prairie.serve.api;

import dev.prairie.serve.engine.DoesNotFitException;
import dev.prairie.serve.engine.EngineClosedException;
import dev.prairie.serve.engine.QueueFullException;
import dev.prairie.serve.resident.ModelUnavailableException;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;

/**
 * Which path leads where, and what a caller needs to go there. Every route is let through here and nowhere else: admitted
 * first, then handled, and whatever goes wrong is told in the form that its clients expect.
 */
public final class Routes {
    private static final Logger LOG = System.getLogger(Routes.class.getName());

    /** When to come again after the queue was full: some answers will have been given by then. */
    private static final long QUEUE_SECONDS = 2;

    /** Clients wait this long by themselves, and no longer. */
    private static final long LONG_SECONDS = 60;

    /** What a route does. */
    @FunctionalInterface
    public interface Handler {
        void handle(Call call) throws IOException;
    }

    /** A route as it can be listed. */
    public record Route(String method, String path, Scope scope) {}

    private final RoutesConfig javalin;
    private final Calls calls;
    private final Access access;
    private final int maxBody;
    private final ErrorForm errors;
    private final List<Route> all;

    public Routes(RoutesConfig javalin, Calls calls, Access access, int maxBody) {
        this(javalin, calls, access, maxBody, ErrorForm.OPENAI, new ArrayList<>());
    }

    private Routes(RoutesConfig javalin, Calls calls, Access access, int maxBody, ErrorForm errors, List<Route> all) {
        this.javalin = javalin;
        this.calls = calls;
        this.access = access;
        this.maxBody = maxBody;
        this.errors = errors;
        this.all = all;
    }

    /** The same routes, for handlers whose clients expect errors in another form. */
    public Routes withErrors(ErrorForm form) {
        return new Routes(javalin, calls, access, maxBody, form, all);
    }

    public void get(String path, Scope scope, Handler handler) {
        all.add(new Route("GET", path, scope));
        javalin.get(path, context -> handle(context, path, scope, handler));
    }

    public void post(String path, Scope scope, Handler handler) {
        all.add(new Route("POST", path, scope));
        javalin.post(path, context -> handle(context, path, scope, handler));
    }

    public void delete(String path, Scope scope, Handler handler) {
        all.add(new Route("DELETE", path, scope));
        javalin.delete(path, context -> handle(context, path, scope, handler));
    }

    /** Every route there is. */
    public List<Route> all() {
        return List.copyOf(all);
    }

    private void handle(Context context, String path, Scope scope, Handler handler) throws IOException {
        Meter meter = Meter.of(context);
        meter.goesTo(path, scope);
        try {
            Caller caller = meter.metered(scope == Scope.OPEN ? Caller.ANYONE : access.admit(context));
            caller.enter(scope);
            if (scope.works()) {
                work(new Call(context, caller, calls, maxBody), handler);
            } else {
                handler.handle(new Call(context, caller, calls, maxBody));
            }
        } catch (ApiException e) {
            error(context, e);
        } catch (QueueFullException e) {
            error(context, ApiException.tooMuch("queue_full", String.valueOf(e.getMessage()), QUEUE_SECONDS));
        } catch (ModelUnavailableException e) {
            ApiException told = ApiException.unavailable(e);
            if (told.status() == 500) {
                LOG.log(Level.ERROR, e.getMessage(), e.getCause());
            }
            error(context, told);
        } catch (DoesNotFitException e) {
            error(
                    context,
                    new ApiException(
                            400,
                            "invalid_request_error",
                            String.valueOf(e.getMessage()),
                            null,
                            "context_length_exceeded"));
        } catch (EngineClosedException e) {
            error(context, ApiException.failed(e));
        } catch (IOException e) {
            meter.gone();
            LOG.log(Level.DEBUG, "the client has gone", e);
        } catch (RuntimeException e) {
            error(context, mistake(context, e));
        }
    }

    private void work(Call call, Handler handler) throws IOException {
        calls.enter();
        try {
            handler.handle(call);
        } finally {
            calls.leave();
        }
    }

    /** 500: writes down what only we can read, and says where. */
    public static ApiException mistake(Context context, Exception e) {
        String id = Meter.of(context).id();
        LOG.log(Level.ERROR, context.req().getMethod() + " " + context.path() + " failed, request " + id, e);
        return new ApiException(
                500,
                "server_error",
                "the server made a mistake; its log says more under request " + id,
                null,
                "server_error");
    }

    private void error(Context context, ApiException e) {
        error(context, e, errors);
    }

    /** Answers with an error, in the form that the client expects. */
    public static void error(Context context, ApiException e, ErrorForm form) {
        Meter meter = Meter.of(context);
        meter.failed(e.code());
        if (e.retryAfter() > 0) {
            context.header("Retry-After", Long.toString(e.retryAfter()));
        }
        if (e.status() == 500 || e.retryAfter() > LONG_SECONDS) {
            // The same request would fail in the same way, or for too long to be waited for.
            context.header("x-should-retry", "false");
        }
        Call.json(context, e.status(), form.body(e, meter.id()));
    }
}
