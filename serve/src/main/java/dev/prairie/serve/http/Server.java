package dev.prairie.serve.http;

import dev.prairie.serve.access.Gate;
import dev.prairie.serve.anthropic.Anthropic;
import dev.prairie.serve.api.Access;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Calls;
import dev.prairie.serve.api.ErrorForm;
import dev.prairie.serve.api.Routes;
import dev.prairie.serve.api.Surface;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.observe.Observations;
import dev.prairie.serve.ollama.Ollama;
import dev.prairie.serve.openai.OpenAi;
import dev.prairie.serve.openai.Tokenization;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.serve.resident.Models;
import dev.prairie.serve.responses.Responses;
import dev.prairie.serve.vectors.Vectors;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.util.JavalinBindException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import org.eclipse.jetty.server.handler.GracefulHandler;

/**
 * The HTTP server: which path leads where, and how what goes wrong is told. Closing it ends open streams; the engine
 * belongs to whoever opened it.
 */
public final class Server implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Server.class.getName());

    private static final long STOP_MILLIS = 5_000;

    /** How long answers that are cut short may take to say so. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(10);

    private final ServerConfig config;
    private final Access access;
    private final Observations observations;
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
        this(config, Models.of(engine, chatFormat), Gate.open());
    }

    /**
     * A server for these models, entered by this gate; both belong to whoever opened them.
     *
     * @throws IllegalArgumentException if the gate is open to everybody and the host is not this machine alone
     */
    public Server(ServerConfig config, Models models, Gate gate) {
        if (gate.isOpen() && !Gate.loopback(config.host())) {
            throw new IllegalArgumentException("host: " + config.host()
                    + " is reached from other machines, so that keys are needed; use a gate with keys, or 127.0.0.1");
        }
        this.config = config;
        this.access = gate.access();
        this.observations = new Observations(gate.journal());
        this.calls = new Calls(models, config.keepAlive(), observations);
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

    /**
     * Takes nothing new from here on. What is being answered may go on for {@code patience}; what is not done then ends where
     * it is, as if no more had been asked for.
     */
    public void drain(Duration patience) throws InterruptedException {
        calls.drain();
        if (!calls.awaitIdle(patience)) {
            calls.models().engines().forEach(Engine::finish);
            calls.awaitIdle(LAST_WORDS);
        }
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
        javalinConfig.requestLogger.http((context, millis) -> calls.end(context));
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
        javalinRoutes.before(calls::begin);
        javalinRoutes.before(guard::check);
        var all = new Routes(javalinRoutes, calls, access, config.maxBodyBytes());
        List<Surface> surfaces = List.of(
                observations,
                new OpenAi(),
                new Tokenization(),
                new Vectors(),
                new Responses(),
                new Anthropic(),
                new Ollama(),
                new RunRoutes(new Runs(config.runs())),
                new Console());
        for (Surface surface : surfaces) {
            surface.addTo(all);
        }
        routes = all.all();
    }

    private void errors(RoutesConfig routes) {
        routes.exception(ApiException.class, (e, context) -> error(context, e));
        routes.exception(HttpResponseException.class, (e, context) -> error(context, nowhere(e, context)));
        routes.exception(IOException.class, (e, context) -> LOG.log(Level.DEBUG, "the client has gone", e));
        routes.exception(Exception.class, (e, context) -> {
            error(context, Routes.mistake(context, e));
        });
    }

    /** Where no route leads, a key is needed all the same: who has none shall not learn what is here. */
    private ApiException nowhere(HttpResponseException e, Context context) {
        try {
            access.admit(context);
        } catch (ApiException denied) {
            return denied;
        }
        return translate(e, context);
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
        Routes.error(context, e, ErrorForm.OPENAI);
    }
}
