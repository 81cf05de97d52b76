package dev.prairie.serve.api;

import dev.prairie.serve.engine.DoesNotFitException;
import dev.prairie.serve.engine.EngineClosedException;
import dev.prairie.serve.engine.QueueFullException;
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
        javalin.get(path, context -> handle(context, scope, handler));
    }

    public void post(String path, Scope scope, Handler handler) {
        all.add(new Route("POST", path, scope));
        javalin.post(path, context -> handle(context, scope, handler));
    }

    public void delete(String path, Scope scope, Handler handler) {
        all.add(new Route("DELETE", path, scope));
        javalin.delete(path, context -> handle(context, scope, handler));
    }

    /** Every route there is. */
    public List<Route> all() {
        return List.copyOf(all);
    }

    private void handle(Context context, Scope scope, Handler handler) throws IOException {
        try {
            Caller caller = access.admit(context, scope);
            if (calls.stopping() && scope != Scope.OPEN && scope != Scope.OBSERVE) {
                throw ApiException.stopping();
            }
            handler.handle(new Call(context, caller, calls, maxBody));
        } catch (ApiException e) {
            error(context, e);
        } catch (QueueFullException e) {
            context.header("Retry-After", "2");
            error(
                    context,
                    new ApiException(429, "rate_limit_error", String.valueOf(e.getMessage()), null, "queue_full"));
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
            LOG.log(Level.DEBUG, "the client has gone", e);
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, context.method() + " " + context.path() + " failed", e);
            error(
                    context,
                    new ApiException(500, "server_error", "the server made a mistake; its log says more", null, null));
        }
    }

    private void error(Context context, ApiException e) {
        if (e.status() == 500) {
            context.header("x-should-retry", "false"); // the same request would fail in the same way
        }
        Call.json(context, e.status(), errors.body(e));
    }
}
