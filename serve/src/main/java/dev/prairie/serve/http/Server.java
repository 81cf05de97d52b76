package dev.prairie.serve.http;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.EngineClosedException;
import dev.prairie.serve.engine.LanguageModel;
import dev.prairie.serve.engine.QueueFullException;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.util.JavalinBindException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.server.handler.GracefulHandler;

/**
 * The HTTP server: which path leads where, and how what goes wrong is told. Closing it ends open streams; the engine
 * belongs to whoever opened it.
 */
public final class Server implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Server.class.getName());

    private static final long STOP_MILLIS = 5_000;

    private final ServerConfig config;
    private final Engine engine;
    private final ChatFormat chatFormat;
    private final Guard guard;
    private final Javalin javalin;
    private final long created = Instant.now().getEpochSecond();
    private final Set<Exchange> open = ConcurrentHashMap.newKeySet();
    private volatile boolean stopping;

    /** A server for a base model: the texts of a chat are continued as they stand. */
    public Server(ServerConfig config, Engine engine) {
        this(config, engine, ChatFormat.plain());
    }

    public Server(ServerConfig config, Engine engine, ChatFormat chatFormat) {
        this.config = config;
        this.engine = engine;
        this.chatFormat = chatFormat;
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
        stopping = true;
        open.forEach(Exchange::abort);
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

    private void routes(RoutesConfig routes) {
        routes.before(guard::check);
        routes.get("/health", this::health);
        routes.get("/v1/models", context -> json(context, 200, Json.object("object", "list", "data", List.of(card()))));
        routes.get("/v1/models/{id}", context -> {
            if (!context.pathParam("id").equals(model().id())) {
                throw GenerationRequest.modelNotFound(context.pathParam("id"), model());
            }
            json(context, 200, card());
        });
        routes.post(
                "/v1/completions",
                context ->
                        answer(context, GenerationRequest.completion(Json.parseObject(guard.body(context)), model())));
        routes.post(
                "/v1/chat/completions",
                context -> answer(
                        context, GenerationRequest.chat(Json.parseObject(guard.body(context)), model(), chatFormat)));
        new RunRoutes(new Runs(config.runs()), config.keepAlive(), () -> stopping).addTo(routes);
        Console.addTo(routes);
    }

    private LanguageModel model() {
        return engine.model();
    }

    private Map<String, Object> card() {
        return Json.object(
                "id",
                model().id(),
                "object",
                "model",
                "created",
                created,
                "owned_by",
                "prairie",
                "context_length",
                model().contextLength());
    }

    private void health(Context context) {
        boolean alive = engine.alive() && !stopping;
        json(
                context,
                alive ? 200 : 503,
                Json.object("status", alive ? "ok" : "stopped", "model", model().id(), "waiting", engine.waiting()));
    }

    private void answer(Context context, GenerationRequest request) throws IOException {
        int choices = request.prompts().size() * request.n();
        if (choices > engine.capacity()) {
            throw ApiException.invalid(
                    "n", choices + " answers in all, give fewer prompts or choices: " + engine.capacity() + " fit");
        }
        try (Exchange exchange = new Exchange(engine, request)) {
            open.add(exchange);
            if (stopping) {
                exchange.abort();
            }
            Reply reply = new Reply(model().id(), request, exchange);
            try {
                if (request.stream()) {
                    reply.stream(context, config.keepAlive());
                } else {
                    reply.whole(context, config.keepAlive());
                }
            } finally {
                open.remove(exchange);
            }
        }
    }

    private void errors(RoutesConfig routes) {
        routes.exception(ApiException.class, (e, context) -> error(context, e));
        routes.exception(QueueFullException.class, (e, context) -> {
            context.header("Retry-After", "2");
            error(
                    context,
                    new ApiException(429, "rate_limit_error", String.valueOf(e.getMessage()), null, "queue_full"));
        });
        routes.exception(HttpResponseException.class, (e, context) -> error(context, translate(e, context)));
        routes.exception(EngineClosedException.class, (e, context) -> error(context, ApiException.failed(e)));
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
        if (e.status() == 500) {
            context.header("x-should-retry", "false"); // the same request would fail in the same way
        }
        json(context, e.status(), e.body());
    }

    private static void json(Context context, int status, Object value) {
        context.status(status).contentType("application/json").result(Json.bytes(value));
    }
}
