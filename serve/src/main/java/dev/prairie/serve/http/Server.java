package dev.prairie.serve.http;

import dev.prairie.serve.api.Access;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Call;
import dev.prairie.serve.api.Calls;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Routes;
import dev.prairie.serve.api.Scope;
import dev.prairie.serve.api.Surface;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.openai.OpenAi;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.serve.resident.Models;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.util.JavalinBindException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import org.eclipse.jetty.server.handler.GracefulHandler;

/**
 * The HTTP server: which path leads where, and how what goes wrong is told. Closing it ends open streams; the engine
 * belongs to whoever opened it.
 */
public final class Server implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Server.class.getName());

    private static final long STOP_MILLIS = 5_000;

    private final ServerConfig config;
    private final Access access;
    private final Calls calls;
    private final Guard guard;
    private final Javalin javalin;
    private List<Routes.Route> routes = List.of();

    /** A server for a base model: the texts of a chat are continued as they stand. */
    public Server(ServerConfig config, Engine engine) {
        this(config, engine, ChatFormat.plain());
    }

    /** A server for one model, to everybody who can reach it. */
    public Server(ServerConfig config, Engine engine, ChatFormat chatFormat) {
        this(config, Models.of(engine, chatFormat), Access.ALL);
    }

    public Server(ServerConfig config, Models models, Access access) {
        this.config = config;
        this.access = access;
        this.calls = new Calls(models, config.keepAlive());
        this.guard = new Guard(config);
        this.javalin = Javalin.create(this::configure);
    }

    /**
     * Begins to listen.
     *
     * @throws PortUnavailableException if the port is taken or the host is not an address of this machine
     */
    public Server start() {
        try {
            javalin.start(config.host(), config.port());
        } catch (JavalinBindException e) {
            throw new PortUnavailableException(config.host(), config.port(), e);
        }
        return this;
    }

    /** The port that it listens on. */
    public int port() {
        return javalin.port();
    }

    /** Where a browser finds the console. */
    public String url() {
        String host = config.host().equals("0.0.0.0") || config.host().equals("::") ? "127.0.0.1" : config.host();
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port() + "/";
    }

    @Override
    public void close() {
        calls.abort();
        javalin.stop();
    }

    private void configure(JavalinConfig javalinConfig) {
        javalinConfig.concurrency.useVirtualThreads = true;
        javalinConfig.startup.showJavalinBanner = false;
        javalinConfig.startup.startupWatcherEnabled = false;
        javalinConfig.startup.showOldJavalinVersionWarning = false;
        javalinConfig.http.prefer405over404 = true;
        javalinConfig.http.maxRequestSize = Long.MAX_VALUE; // the guard measures
        javalinConfig.jetty.modifyHttpConfiguration(http -> http.setSendServerVersion(false));
        javalinConfig.jetty.modifyServer(server -> {
            server.setErrorHandler(new BareError());
            server.setHandler(new GracefulHandler()); // lets the streams that close() ends say so
            server.setStopTimeout(STOP_MILLIS);
        });
        routes(javalinConfig.routes);
        errors(javalinConfig.routes);
    }

    /** Every route and what it takes to go there. */
    public List<Routes.Route> routes() {
        return routes;
    }

    private void routes(RoutesConfig javalinRoutes) {
        javalinRoutes.before(guard::check);
        var all = new Routes(javalinRoutes, calls, access, config.maxBodyBytes());
        all.get("/health", Scope.OPEN, this::health);
        for (Surface surface : List.of(new OpenAi(), new RunRoutes(new Runs(config.runs())), new Console())) {
            surface.addTo(all);
        }
        routes = all.all();
    }

    private void health(Call call) {
        boolean alive = !calls.stopping() && calls.models().engines().stream().allMatch(Engine::alive);
        int waiting =
                calls.models().engines().stream().mapToInt(Engine::waiting).sum();
        call.json(
                alive ? 200 : 503,
                Json.object(
                        "status",
                        alive ? "ok" : "stopped",
                        "model",
                        calls.models().first().id(),
                        "waiting",
                        waiting));
    }

    private void errors(RoutesConfig routes) {
        routes.exception(ApiException.class, (e, context) -> error(context, e));
        routes.exception(HttpResponseException.class, (e, context) -> error(context, translate(e, context)));
        routes.exception(IOException.class, (e, context) -> LOG.log(Level.DEBUG, "the client has gone", e));
        routes.exception(Exception.class, (e, context) -> {
            LOG.log(Level.ERROR, context.method() + " " + context.path() + " failed", e);
            error(
                    context,
                    new ApiException(500, "server_error", "the server made a mistake; its log says more", null, null));
        });
    }

    private static ApiException translate(HttpResponseException e, Context context) {
        String asked = context.req().getMethod() + " " + context.path();
        return switch (e.getStatus()) {
            case 404 -> ApiException.refused(404, "not_found", asked + " leads nowhere");
            case 405 -> ApiException.refused(405, "method_not_allowed", asked + ": this path takes another method");
            default -> ApiException.refused(e.getStatus(), "refused", asked + ": " + e.getMessage());
        };
    }

    private static void error(Context context, ApiException e) {
        context.status(e.status()).contentType("application/json").result(Json.bytes(e.body()));
    }
}
