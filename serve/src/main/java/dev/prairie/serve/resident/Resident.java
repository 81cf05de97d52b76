package dev.prairie.serve.resident;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.text.tokenizer.Tokenizer;
import java.util.Optional;

/**
 * A model in memory: what continues texts with it, what makes vectors with it, or both.
 *
 * @param engine    empty for an encoder, which has no logits
 * @param encoder   empty where the engine's model is no transformer of ours
 * @param tokenizer empty likewise
 * @param chat      how a conversation becomes a prompt
 * @param context   tokens that fit, prompt and answer together
 * @param memory    gives back what the model lies in; run last
 */
public record Resident(
        Optional<Engine> engine,
        Optional<Encoder> encoder,
        Optional<Tokenizer> tokenizer,
        ChatFormat chat,
        int context,
        Runnable memory)
        implements AutoCloseable {
    /** A model that continues texts; its hidden states make vectors too. */
    public static Resident of(Engine engine, ChatFormat chat, Runnable memory) {
        Optional<ServedModel> served = Optional.of(engine.model())
                .filter(ServedModel.class::isInstance)
                .map(ServedModel.class::cast);
        return new Resident(
                Optional.of(engine),
                served.map(model -> new Encoder(model.transformer(), model.kernels())),
                served.map(ServedModel::tokenizer),
                chat,
                engine.model().contextLength(),
                memory);
    }

    /** A model that only makes vectors. */
    public static Resident of(Encoder encoder, Tokenizer tokenizer, Runnable memory) {
        return new Resident(
                Optional.empty(),
                Optional.of(encoder),
                Optional.of(tokenizer),
                ChatFormat.plain(),
                encoder.context(),
                memory);
    }

    @Override
    public void close() {
        engine.ifPresent(Engine::close);
        encoder.ifPresent(Encoder::close);
        memory.run();
    }
}
