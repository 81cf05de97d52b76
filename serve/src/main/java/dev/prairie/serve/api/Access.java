package dev.prairie.serve.api;

import io.javalin.http.Context;

/** Who is let in. */
@FunctionalInterface
public interface Access {
    /**
     * Who makes this request.
     *
     * @throws ApiException 401 without a key that is known
     */
    Caller admit(Context context);

    /** Everybody may do everything: for a server that only this machine reaches. */
    Access ALL = context -> Caller.LOCAL;
}
