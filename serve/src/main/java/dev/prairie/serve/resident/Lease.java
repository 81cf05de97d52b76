package dev.prairie.serve.resident;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.LanguageModel;
import org.jspecify.annotations.Nullable;

/** A model that stays in memory until this is closed. */
public final class Lease implements AutoCloseable {
    private final ModelCard card;
    private final Engine engine;
    private final ChatFormat chat;
    private final Runnable back;

    /** @param back run once, when the model is no longer needed here */
    public Lease(ModelCard card, Engine engine, ChatFormat chat, Runnable back) {
        this.card = card;
        this.engine = engine;
        this.chat = chat;
        this.back = back;
    }

    public ModelCard card() {
        return card;
    }

    public Engine engine() {
        return engine;
    }

    public LanguageModel model() {
        return engine.model();
    }

    public ChatFormat chat() {
        return chat;
    }

    /** The adapter that was asked for; null is the model itself. */
    public @Nullable String adapter() {
        return card.base() == null ? null : card.id();
    }

    @Override
    public void close() {
        back.run();
    }
}
