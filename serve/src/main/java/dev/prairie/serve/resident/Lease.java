package dev.prairie.serve.resident;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.LanguageModel;
import dev.prairie.text.tokenizer.Tokenizer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A model that stays in memory until this is closed. */
public final class Lease implements AutoCloseable {
    private final ModelCard card;
    private final Resident resident;
    private final Runnable back;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** @param back run once, when the model is no longer needed here */
    public Lease(ModelCard card, Resident resident, Runnable back) {
        this.card = card;
        this.resident = resident;
        this.back = back;
    }

    public ModelCard card() {
        return card;
    }

    /** Whether the model continues texts; if not, it is an encoder. */
    public boolean generates() {
        return resident.engine().isPresent();
    }

    /**
     * What continues texts.
     *
     * @throws ModelUnavailableException if the model is an encoder
     */
    public Engine engine() {
        return resident.engine()
                .orElseThrow(() -> ModelUnavailableException.unsuitable(card.id()
                        + " is an encoder: it makes vectors of texts (/v1/embeddings) and continues none; name"
                        + " another model"));
    }

    /** What the engine runs; fails like {@link #engine}. */
    public LanguageModel model() {
        return engine().model();
    }

    /**
     * What makes vectors.
     *
     * @throws ModelUnavailableException for an adapter: vectors are made by models as they are
     */
    public Encoder encoder() {
        if (card.base() != null) {
            throw ModelUnavailableException.unsuitable(
                    card.id() + " is an adapter, and vectors are made without; name " + card.base());
        }
        return resident.encoder()
                .orElseThrow(() ->
                        ModelUnavailableException.unsuitable(card.id() + " makes no vectors; name another model"));
    }

    /** What makes tokens of texts. */
    public Tokenizer tokenizer() {
        return resident.tokenizer()
                .orElseThrow(() -> ModelUnavailableException.unsuitable(
                        card.id() + " has no tokenizer that could be asked; name another model"));
    }

    public ChatFormat chat() {
        return resident.chat();
    }

    /** The adapter that was asked for; null is the model itself. */
    public @Nullable String adapter() {
        return card.base() == null ? null : card.id();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            back.run();
        }
    }
}
