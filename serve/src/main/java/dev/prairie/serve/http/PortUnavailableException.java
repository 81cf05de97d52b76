package dev.prairie.serve.http;

/** The server cannot listen where it was told to. */
public final class PortUnavailableException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    PortUnavailableException(String host, int port, Throwable cause) {
        super(
                "cannot listen on " + host + ":" + port + " (" + reason(cause) + "); stop what uses this port, or give"
                        + " another one (0: any free port)",
                cause);
    }

    private static String reason(Throwable cause) {
        Throwable root = cause;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }
}
