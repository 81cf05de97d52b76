package dev.prairie.peers;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * What every peer's process does: it answers requests on standard input one at a time, each with one line on standard
 * output, and ends with its input. A request is a line of words, and for some what follows it, little-endian. An answer is
 * {@code ok} and what was asked for. What fails is answered by {@code error} and the reason, and is the end: nobody could
 * tell where the next request begins.
 */
final class Pipe {
    private static final int PIECE = 1 << 20;

    /** What a library does. */
    interface Requests {
        /** The answer without its {@code ok}; reads what follows the words from {@code pipe}. */
        String answer(String[] words, Pipe pipe) throws IOException;
    }

    private final DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));

    private Pipe() {}

    /** Until the input ends, or a request fails. */
    static void serve(Requests requests) throws IOException {
        var out = new PrintStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)), false, US_ASCII);
        System.setOut(System.err); // what a library prints must not be taken for an answer
        var pipe = new Pipe();
        for (String line = pipe.line(); !line.isEmpty(); line = pipe.line()) {
            try {
                out.println("ok " + requests.answer(line.split(" ", -1), pipe));
                out.flush();
            } catch (RuntimeException e) {
                out.println("error "
                        + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
                out.flush();
                return;
            }
        }
    }

    /** The next request; empty at the end. */
    private String line() throws IOException {
        var line = new StringBuilder();
        for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) line.append((char) b);
        return line.toString();
    }

    void floats(FloatBuffer to) throws IOException {
        byte[] piece = new byte[PIECE];
        while (to.hasRemaining()) {
            int bytes = Math.min(PIECE, 4 * to.remaining());
            in.readFully(piece, 0, bytes);
            to.put(ByteBuffer.wrap(piece, 0, bytes)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer());
        }
    }

    int[] ints(int count) throws IOException {
        int[] values = new int[count];
        ByteBuffer.wrap(bytes(Math.multiplyExact(4, count)))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asIntBuffer()
                .get(values);
        return values;
    }

    byte[] bytes(int count) throws IOException {
        byte[] bytes = new byte[count];
        in.readFully(bytes);
        return bytes;
    }
}
