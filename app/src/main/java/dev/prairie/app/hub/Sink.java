package dev.prairie.app.hub;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Appends what arrives to a file, and no more than was announced. */
final class Sink implements BodySubscriber<Boolean> {
    private final CompletableFuture<Boolean> body = new CompletableFuture<>();
    private final FileChannel channel;
    private final LongConsumer arrived;
    private final long most;
    private long left;
    private volatile long touched = System.nanoTime();
    private volatile Flow.@Nullable Subscription subscription;

    /**
     * Opens the file.
     *
     * @param most    bytes that may come
     * @param arrived is told of bytes
     */
    Sink(Path file, long most, LongConsumer arrived) throws IOException {
        channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        this.arrived = arrived;
        this.most = most;
        left = most;
    }

    /** Gives up if nothing has come for so long. */
    void checkStalled(long nanos) {
        if (body.isDone() || System.nanoTime() - touched < nanos) return;
        fail(new HttpTimeoutException("nothing came for " + nanos / 1_000_000_000L + " s"));
    }

    /** Takes no more. */
    void stop() {
        if (!body.isDone()) fail(new IOException("stopped"));
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        subscription = given;
        given.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        try {
            for (ByteBuffer buffer : buffers) {
                int n = buffer.remaining();
                if (n > left) throw new IOException("more than the announced " + most + " bytes came");
                while (buffer.hasRemaining()) channel.write(buffer);
                left -= n;
                arrived.accept(n);
            }
            touched = System.nanoTime();
            var current = subscription;
            if (current != null) current.request(1);
        } catch (IOException e) {
            fail(e);
        }
    }

    @Override
    public void onError(Throwable failure) {
        fail(failure);
    }

    @Override
    public void onComplete() {
        if (left > 0) fail(new IOException("it ended " + left + " bytes too early"));
        else {
            close();
            body.complete(true);
        }
    }

    private void fail(Throwable failure) {
        var current = subscription;
        if (current != null) current.cancel();
        close();
        body.completeExceptionally(failure);
    }

    private void close() {
        try {
            channel.close();
        } catch (IOException e) {
            body.completeExceptionally(e);
        }
    }

    @Override
    public CompletionStage<Boolean> getBody() {
        return body;
    }
}
