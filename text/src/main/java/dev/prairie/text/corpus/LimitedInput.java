package dev.prairie.text.corpus;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Expanded bytes of something compressed. Text shrinks to a tenth, at best to a hundredth; what grows a thousandfold is
 * made to fill a disk, and reading it stops.
 */
final class LimitedInput extends FilterInputStream {
    private static final long FREE = 64L << 20;
    private static final long GROWTH = 200;

    private final String name;
    private final long most;
    private long seen;

    /** {@code compressed}: bytes before expansion, negative if unknown. */
    LimitedInput(String name, InputStream in, long compressed) {
        super(in);
        this.name = name;
        this.most = compressed < 0 || compressed > Long.MAX_VALUE / GROWTH
                ? Long.MAX_VALUE
                : Math.max(FREE, compressed * GROWTH);
    }

    @Override
    public int read() throws IOException {
        int value = super.read();
        count(value < 0 ? 0 : 1);
        return value;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int read = super.read(buffer, offset, length);
        count(Math.max(read, 0));
        return read;
    }

    private void count(int more) {
        seen += more;
        if (seen > most) {
            throw new CorpusException(
                    name,
                    "expands to more than " + most + " bytes, over " + GROWTH
                            + " times its compressed size; if it is not a trap, expand it first");
        }
    }
}
