package dev.prairie.serve.http;

import dev.prairie.serve.api.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * Follows a growing {@code metrics.jsonl}: each call gives the lines that were completed since the one before. A line
 * without its newline is left for later, one that is no JSON object with a step is skipped, and a file that became
 * shorter is read again from its beginning. Not thread-safe.
 */
final class RunTail {
    private static final int PIECE = 1 << 20;
    private static final int END = 1 << 16;

    private final Path file;
    private long step;
    private long position;
    private boolean behind;

    /** Lines with a step of at most {@code after} are not given. */
    RunTail(Path file, long after) {
        this.file = file;
        this.step = after;
    }

    /** True if the last call stopped before the end of the file. */
    boolean behind() {
        return behind;
    }

    /** The next lines, none if nothing is new. */
    List<ObjectNode> next() {
        behind = false;
        List<ObjectNode> lines = new ArrayList<>();
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return lines;
        }
        try (SeekableByteChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() < position) {
                position = 0;
            }
            byte[] piece = read(channel, position, PIECE);
            int end = lastNewline(piece) + 1;
            if (end == 0 && piece.length == PIECE) {
                end = PIECE; // no line is this long
            }
            position += end;
            behind = end > 0 && position < channel.size();
            for (ObjectNode line : parse(piece, 0, end)) {
                long at = line.path("step").longValue(-1);
                if (at > step) {
                    step = at;
                    lines.add(line);
                }
            }
        } catch (IOException e) {
            behind = false; // being replaced right now: what is there next time counts
        }
        return lines;
    }

    /** The step of the last line given, or where the caller wanted to begin. */
    long step() {
        return step;
    }

    /** The complete lines in the last 64 KiB of {@code file}. */
    static List<ObjectNode> lastLines(Path file) {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        try (SeekableByteChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long from = Math.max(0, channel.size() - END);
            byte[] piece = read(channel, from, END);
            int begin = 0;
            while (from > 0 && begin < piece.length && piece[begin++] != '\n') {
                // the first line is cut
            }
            return parse(piece, begin, lastNewline(piece) + 1);
        } catch (IOException e) {
            return List.of();
        }
    }

    private static byte[] read(SeekableByteChannel channel, long from, int most) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(Math.clamp(channel.size() - from, 0, most));
        channel.position(from);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
            // until full, or until the file became shorter
        }
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    private static int lastNewline(byte[] bytes) {
        int i = bytes.length - 1;
        while (i >= 0 && bytes[i] != '\n') {
            i--;
        }
        return i;
    }

    private static List<ObjectNode> parse(byte[] bytes, int from, int to) {
        List<ObjectNode> lines = new ArrayList<>();
        int begin = from;
        for (int i = from; i < to; i++) {
            if (bytes[i] == '\n') {
                ObjectNode line = Json.parseLenient(Arrays.copyOfRange(bytes, begin, i));
                if (line != null && line.path("step").canConvertToLong()) {
                    lines.add(line);
                }
                begin = i + 1;
            }
        }
        return lines;
    }
}
