package dev.prairie.serve.http;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the server listens.
 *
 * @param host the address to bind; 127.0.0.1 is reachable from this machine alone
 * @param port 0 for any free one
 * @param runs the folder of training runs that the console shows; null shows none
 * @param hostNames further names that clients may call this server by, beside the loopback names and {@code host}
 * @param maxBodyBytes requests with a longer body are refused
 * @param keepAlive a stream that has nothing to say for this long sends a comment
 */
public record ServerConfig(
        String host, int port, @Nullable Path runs, Set<String> hostNames, int maxBodyBytes, Duration keepAlive) {
    public ServerConfig {
        if (host.isBlank()) {
            throw new IllegalArgumentException("host: \"" + host + "\", give an address such as 127.0.0.1");
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port: " + port + ", give 0 (any free one) to 65535");
        }
        if (maxBodyBytes < 1) {
            throw new IllegalArgumentException("body limit: " + maxBodyBytes + " bytes, give at least 1");
        }
        if (keepAlive.isNegative() || keepAlive.isZero()) {
            throw new IllegalArgumentException("keep-alive: " + keepAlive + ", give a time above 0");
        }
        hostNames = Set.copyOf(hostNames);
    }

    /** Reachable from this machine alone, with no training runs. */
    public static ServerConfig local(int port) {
        return new ServerConfig("127.0.0.1", port, null, Set.of(), 4 << 20, Duration.ofSeconds(10));
    }

    public ServerConfig withHost(String host) {
        return new ServerConfig(host, port, runs, hostNames, maxBodyBytes, keepAlive);
    }

    public ServerConfig withRuns(Path runs) {
        return new ServerConfig(host, port, runs, hostNames, maxBodyBytes, keepAlive);
    }

    public ServerConfig withHostNames(Set<String> hostNames) {
        return new ServerConfig(host, port, runs, hostNames, maxBodyBytes, keepAlive);
    }

    public ServerConfig withMaxBodyBytes(int maxBodyBytes) {
        return new ServerConfig(host, port, runs, hostNames, maxBodyBytes, keepAlive);
    }

    public ServerConfig withKeepAlive(Duration keepAlive) {
        return new ServerConfig(host, port, runs, hostNames, maxBodyBytes, keepAlive);
    }
}
