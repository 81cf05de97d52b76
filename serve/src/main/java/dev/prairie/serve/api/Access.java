package dev.prairie.serve.api;

import io.javalin.http.Context;

/** Who is let in. */
@FunctionalInterface
public interface Access {
    /**
     * The caller of this request, who may do what {@code scope} says.
     *
     * @throws ApiException 401 without a key that is known, 403 with one that lacks the scope, 429 with one that calls too
     *     often
     */
    Caller admit(Context context, Scope scope);

    /** Everybody may do everything: for a server that only this machine reaches. */
    Access ALL = (context, scope) -> Caller.LOCAL;
}
