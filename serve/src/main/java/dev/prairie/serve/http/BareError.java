package dev.prairie.serve.http;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Json;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;

/** What went wrong before a request reached any route, such as a malformed path, told in the same form as the rest. */
final class BareError extends ErrorHandler {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        int status = response.getStatus();
        byte[] body =
                Json.bytes(ApiException.refused(status, "refused", "the request was refused with status " + status)
                        .body());
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        response.write(true, ByteBuffer.wrap(body), callback);
        return true;
    }
}
