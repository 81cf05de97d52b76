package dev.prairie.model.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file that carries its own SHA-256, so that one flipped bit anywhere is noticed: the sum of the whole file with the
 * 64 digits of the sum itself read as zeros. It stands in JSON text under {@link #KEY}; files of others lack it and are
 * believed.
 */
final class Checksum {
    static final String KEY = "prairie.sha256";

    /** What stands under the key until the sum is known. */
    static final String BLANK = "0".repeat(64);

    private static final Pattern PLACE = Pattern.compile('"' + Pattern.quote(KEY) + "\"\\s*:\\s*\"([0-9a-f]{64})\"");

    /** Bytes handed over at a time; a whole file may exceed what one ByteBuffer can span. */
    private static final long PIECE = 1 << 24;

    private final MessageDigest digest;

    Checksum() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform must offer SHA-256", e);
        }
    }

    /** Where in {@code json} the 64 digits stand, if anywhere. */
    static OptionalInt place(byte[] json) {
        Matcher m = PLACE.matcher(new String(json, StandardCharsets.ISO_8859_1));
        return m.find() ? OptionalInt.of(m.start(1)) : OptionalInt.empty();
    }

    void add(byte[] bytes) {
        digest.update(bytes);
    }

    void add(MemorySegment bytes) {
        for (long from = 0; from < bytes.byteSize(); from += PIECE)
            digest.update(bytes.asSlice(from, Math.min(PIECE, bytes.byteSize() - from))
                    .asByteBuffer());
    }

    byte[] digits() {
        return HexFormat.of().formatHex(digest.digest()).getBytes(StandardCharsets.US_ASCII);
    }

    /** Fills the sum into a text that is a whole file. */
    static byte[] seal(byte[] json) {
        int at = place(json).orElseThrow(() -> new IllegalArgumentException("checksum: no place for " + KEY));
        Checksum sum = new Checksum();
        sum.add(json);
        byte[] sealed = json.clone();
        System.arraycopy(sum.digits(), 0, sealed, at, BLANK.length());
        return sealed;
    }

    /** Refuses a file whose sum is not the one it carries; {@code before}, {@code json} and {@code after} make it up. */
    static void verify(Path file, byte[] before, byte[] json, MemorySegment after, String hint) {
        OptionalInt place = place(json);
        if (place.isEmpty()) {
            if (!new String(json, StandardCharsets.ISO_8859_1).contains('"' + KEY + '"')) return; // another's file
            throw new CheckpointException(file, KEY, "64 hexadecimal digits", "something else", hint);
        }
        int at = place.getAsInt();
        byte[] carried = Arrays.copyOfRange(json, at, at + BLANK.length());
        byte[] blank = json.clone();
        Arrays.fill(blank, at, at + BLANK.length(), (byte) '0');
        Checksum sum = new Checksum();
        sum.add(before);
        sum.add(blank);
        sum.add(after);
        byte[] found = sum.digits();
        if (!Arrays.equals(carried, found)) throw new CheckpointException(file, KEY, text(carried), text(found), hint);
    }

    private static String text(byte[] digits) {
        return new String(digits, StandardCharsets.US_ASCII);
    }
}
