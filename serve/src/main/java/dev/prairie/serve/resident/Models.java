package dev.prairie.serve.resident;

import dev.prairie.serve.engine.Engine;
import java.util.List;
import java.util.Optional;

/** The models that can be asked for, each by a name that clients write in the {@code model} field. */
public interface Models extends AutoCloseable {
    /** Every name, models and adapters, in the order in which they were given. */
    List<ModelCard> cards();

    /**
     * The model of that name, loaded now if it is not in memory, and kept there until the lease is closed. Empty if there is
     * none of that name.
     *
     * @throws ModelUnavailableException if it cannot be loaded
     */
    Optional<Lease> lease(String id);

    /** The models, without adapters, that are in memory now. */
    List<ModelCard> loaded();

    /** The engines that are in memory now. */
    List<Engine> engines();

    /** Where several are offered, the first: what is meant when nothing is said. */
    default ModelCard first() {
        return cards().getFirst();
    }

    /** Closes all that are in memory; those who hold a lease are refused from here on. */
    @Override
    void close();

    /** One resident model under its own name. The engine belongs to whoever opened it. */
    static Models of(Engine engine, ChatFormat chat) {
        Resident resident = Resident.of(engine, chat, () -> {});
        ModelCard card =
                new ModelCard(engine.model().id(), System.currentTimeMillis() / 1000, resident.context(), null);
        return new Models() {
            @Override
            public List<ModelCard> cards() {
                return List.of(card);
            }

            @Override
            public Optional<Lease> lease(String id) {
                return id.equals(card.id()) ? Optional.of(new Lease(card, resident, () -> {})) : Optional.empty();
            }

            @Override
            public List<ModelCard> loaded() {
                return cards();
            }

            @Override
            public List<Engine> engines() {
                return List.of(engine);
            }

            @Override
            public void close() {
                resident.encoder().ifPresent(Encoder::close);
            }
        };
    }
}
