package dev.prairie.text.corpus;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Parts a corpus into training and validation text, the same way every time.
 *
 * <p>From {@value #MANY} documents on, whole documents go to validation, chosen by a hash of their source: adding
 * documents moves no other. With fewer, the end of each document does: of one long text with a tenth for validation, the
 * first nine tenths of its characters are for training.
 */
public final class Split {
    /** From so many documents on, documents stay whole. */
    public static final int MANY = 100;

    private final double validation;

    /**
     * A split that gives this share to validation.
     *
     * @throws IllegalArgumentException unless {@code 0 <= validation <= 0.5}
     */
    public Split(double validation) {
        if (!(validation >= 0 && validation <= 0.5)) {
            throw new IllegalArgumentException(
                    "Split: validation share " + validation + " is outside 0 .. 0.5; a usual one is 0.1");
        }
        this.validation = validation;
    }

    /** Deals the documents out. */
    public void deal(Iterator<Document> documents, Consumer<Document> train, Consumer<Document> held) {
        List<Document> first = new ArrayList<>();
        while (first.size() < MANY && documents.hasNext()) {
            first.add(documents.next());
        }
        if (first.size() < MANY) {
            first.forEach(document -> cut(document, train, held));
            return;
        }
        // By chance none of the first might be chosen, nor any after them: then the nearest to it goes.
        Optional<Document> nearest = validation > 0 && first.stream().noneMatch(this::isHeld)
                ? first.stream().min(Comparator.comparingDouble(document -> place(document.source())))
                : Optional.empty();
        for (Document document : first) {
            boolean chosen = isHeld(document)
                    || (nearest.isPresent() && nearest.get().source().equals(document.source()));
            (chosen ? held : train).accept(document);
        }
        documents.forEachRemaining(document -> (isHeld(document) ? held : train).accept(document));
    }

    private void cut(Document document, Consumer<Document> train, Consumer<Document> held) {
        String text = document.text();
        int characters = text.codePointCount(0, text.length());
        int at = text.offsetByCodePoints(0, (int) (characters * (1 - validation)));
        if (at > 0) {
            train.accept(new Document(document.source(), text.substring(0, at)));
        }
        if (at < text.length()) {
            held.accept(new Document(document.source(), text.substring(at)));
        }
    }

    private boolean isHeld(Document document) {
        return place(document.source()) < validation;
    }

    /** A number in 0 .. 1, evenly spread, that depends on the name alone. */
    private static double place(String source) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(source.getBytes(StandardCharsets.UTF_8));
            return (ByteBuffer.wrap(digest).getLong() >>> 11) * 0x1p-53;
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("every Java platform has SHA-256", missing);
        }
    }
}
