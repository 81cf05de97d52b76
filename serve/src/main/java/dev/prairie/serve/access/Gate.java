package dev.prairie.serve.access;

import dev.prairie.serve.api.Access;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.time.InstantSource;

/**
 * How a server is entered, and where it is written down who did.
 *
 * @param access  who is let in
 * @param journal what each has used
 */
public record Gate(Access access, Journal journal) implements AutoCloseable {
    /** Open to everybody: for an address that only this machine reaches. */
    public static Gate open() {
        return new Gate(Access.ALL, Journal.inMemory());
    }

    /**
     * Open to those who have a key of this file. Usage is written into {@code usage} beside it.
     *
     * @throws KeyFileException if no key in it is usable
     */
    public static Gate keyed(KeyFile file) {
        return keyed(file, InstantSource.system());
    }

    static Gate keyed(KeyFile file, InstantSource clock) {
        Instant now = clock.instant();
        Keys keys = new Keys(file);
        if (keys.all().stream().noneMatch(key -> key.usable(now))) {
            throw new KeyFileException("a key is needed here, and " + file.path() + " has no usable one;"
                    + " create one with prairie keys create NAME, or listen at 127.0.0.1 without --require-key");
        }
        Journal journal = Journal.in(file.folder().resolve("usage"), clock);
        return new Gate(new KeyedAccess(keys, journal, clock), journal);
    }

    /** Whether everybody is let in. */
    public boolean isOpen() {
        return access.equals(Access.ALL);
    }

    /** Whether only this machine reaches that address. */
    public static boolean loopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    @Override
    public void close() {
        journal.close();
    }
}
