package dev.prairie.serve.api;

/** A set of routes that belong together: one vendor's API, or one part of our own. */
@FunctionalInterface
public interface Surface {
    void addTo(Routes routes);
}
