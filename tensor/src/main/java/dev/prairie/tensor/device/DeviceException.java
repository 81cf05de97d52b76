package dev.prairie.tensor.device;

/** A device was asked for that cannot be had; the message says why and what can. */
public final class DeviceException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public DeviceException(String message) {
        super(message);
    }
}
