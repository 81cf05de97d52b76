package dev.prairie.train.loop;

import dev.prairie.model.checkpoint.Checkpoint;
import dev.prairie.model.checkpoint.ModelFolder;
import dev.prairie.model.generate.Generator;
import dev.prairie.model.generate.Sampling;
import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.tensor.device.Device;
import dev.prairie.tensor.device.GradKernels;
import dev.prairie.tensor.device.Peak;
import dev.prairie.text.batch.Batch;
import dev.prairie.text.batch.BatchLoader;
import dev.prairie.text.batch.Shard;
import dev.prairie.text.batch.Validation;
import dev.prairie.text.corpus.Corpus;
import dev.prairie.text.corpus.CorpusException;
import dev.prairie.text.corpus.CorpusReader;
import dev.prairie.text.tokenizer.Tokenizer;
import dev.prairie.train.checkpoint.TrainingCheckpoint;
import dev.prairie.train.optimizer.Optimizer;
import dev.prairie.train.optimizer.Schedule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A training run: batches through the model, the optimizer's step, now and then a validation, a sample and a checkpoint.
 * Everything that decides the weights is in the recipe, the corpus and the number of threads: the same three give the
 * same bits, in one go or resumed. Not thread-safe but for {@link #stop}.
 */
public final class Trainer implements AutoCloseable {
    private static final float SAMPLE_TEMPERATURE = 0.8f;
    private static final int LAST_VALIDATION = 10;

    private final RunFolder run;
    private final Recipe recipe;
    private final Device device;
    private final GradKernels kernels;
    private final TrainingListener listener;
    private final String corpus;
    private final Arena arena = Arena.ofShared();
    private final Tokenizer tokenizer;
    private final Shard train;
    private final Shard held;
    private final Transformer model;
    private final Optimizer optimizer;
    private final BatchLoader loader;
    private final Validation validation;
    private final Pass pass;
    private final Schedule rates;
    private final double flopsPerToken;
    private final double peak;

    private int done;
    private double loss = Double.NaN;
    private OptionalDouble valLoss = OptionalDouble.empty();
    private OptionalDouble valBits = OptionalDouble.empty();
    private volatile boolean stopped;

    /** Begins a run in an empty folder: reads the corpus, learns its vocabulary, makes a model that knows nothing. */
    public static Trainer start(Path corpus, Recipe recipe, RunFolder run, Device device, TrainingListener listener) {
        // Before anything is written: a wrong path must not leave a run behind, nor a run that does not fit in memory
        // or that the device cannot compute.
        device.gradKernels(recipe.precision().type());
        MemoryEstimate.of(
                        recipe.transformer(recipe.vocabulary()), recipe.batch() * recipe.context(), recipe.recompute())
                .require(MemoryEstimate.free());
        try (CorpusReader reader = Corpus.open(corpus, recipe.corpus()).reader()) {
            // It says itself what is wrong with a file that is no text.
            if (!reader.hasNext()) throw new CorpusException(corpus, "holds no text; give other text to learn");
        }
        run.create();
        Tokenizer tokenizer = Preparation.prepare(corpus, recipe, run, listener);
        RunFolder.write(run.recipe(), Recipes.yaml(recipe));
        var trainer = new Trainer(run, recipe, device, listener, tokenizer, corpus.toString(), null);
        trainer.describe("running");
        return trainer;
    }

    /** Continues a run from its newest checkpoint, with the recipe that it began with. */
    public static Trainer resume(RunFolder run, Device device, TrainingListener listener) {
        List<Path> saved = run.saved();
        if (saved.isEmpty())
            throw new RecipeException("run: " + run.path() + " has no checkpoint to resume from; start it again"
                    + " with prairie train --corpus PATH --out ANOTHER-FOLDER");
        var checkpoint = TrainingCheckpoint.describe(saved.getFirst(), saved.size() > 1 ? saved.get(1) : null);
        Recipe recipe = Recipes.parse(checkpoint.recipe());
        Tokenizer tokenizer = Tokenizer.load(run.tokenizer());
        var trainer = new Trainer(run, recipe, device, listener, tokenizer, checkpoint.corpus(), checkpoint);
        trainer.describe("running");
        return trainer;
    }

    private Trainer(
            RunFolder run,
            Recipe recipe,
            Device device,
            TrainingListener listener,
            Tokenizer tokenizer,
            String corpus,
            TrainingCheckpoint.@Nullable Description from) {
        this.run = run;
        this.recipe = recipe;
        this.device = device;
        this.kernels = device.gradKernels(recipe.precision().type());
        this.listener = listener;
        this.tokenizer = tokenizer;
        this.corpus = corpus;
        TransformerConfig config = recipe.transformer(tokenizer.vocabularySize());
        MemoryEstimate.of(config, recipe.batch() * recipe.context(), recipe.recompute())
                .require(MemoryEstimate.free());
        train = Shard.open(run.trainTokens());
        train.requireMadeBy(tokenizer);
        held = Shard.open(run.validationTokens());
        held.requireMadeBy(tokenizer);
        model = Transformer.initialise(config, arena, recipe.seed());
        optimizer = new Optimizer(recipe.optimizer(), model.parameters(), arena);
        validation = new Validation(held, recipe.batches());
        rates = recipe.rates();
        if (from == null) {
            loader = new BatchLoader(train, recipe.batches());
        } else {
            TrainingCheckpoint.load(from, model.parameters(), optimizer);
            loader = new BatchLoader(train, recipe.batches(), from.loader());
            done = from.step();
            loss = from.loss();
            listener.note("resumed at step " + done + " of " + recipe.steps());
        }
        pass = new Pass(model, kernels);
        flopsPerToken = config.trainingFlopsPerToken(recipe.context());
        peak = device.measure(Peak.of(recipe.precision().type()));
        listener.note(String.format(
                Locale.ROOT,
                "model: %s form, %,d parameters; %s, measured peak %.0f GFLOP/s",
                recipe.form().name().toLowerCase(Locale.ROOT),
                config.parameters(),
                device.description(),
                peak / 1e9));
    }

    /** Asks the run to save and end after the step it is at; from any thread. */
    public void stop() {
        stopped = true;
    }

    /** Runs until all steps are done or {@link #stop} is called; either way a checkpoint and the model are saved. */
    public Outcome run() {
        long began = System.nanoTime();
        int first = done;
        var clock = new Clock((long) recipe.accumulation() * recipe.batch() * recipe.context());
        listener.stage("training");
        try (Metrics metrics = Metrics.after(run.metrics(), done)) {
            while (done < recipe.steps() && !stopped) {
                int step = done + 1;
                float rate = rates.at(step);
                clock.start();
                loss = step(step, rate);
                clock.end();
                done = step;
                boolean validated = step % recipe.validateEvery() == 0 || step == recipe.steps();
                if (validated) validate(step);
                double speed = clock.recentTokensPerSecond();
                var line = new Metrics.Line(
                        step,
                        loss,
                        validated ? valLoss : OptionalDouble.empty(),
                        rate,
                        speed,
                        speed * flopsPerToken / peak);
                metrics.append(line);
                listener.step(line, recipe.steps(), (recipe.steps() - step) * clock.recentSecondsPerStep());
                if (recipe.sampleEvery() > 0 && step % recipe.sampleEvery() == 0) listener.sample(step, sample());
                if (step % recipe.checkpointEvery() == 0 && step < recipe.steps()) save("running");
            }
        }
        boolean finished = done >= recipe.steps();
        if (done > first || !run.resumable()) save(finished ? "finished" : "interrupted");
        else describe(finished ? "finished" : "interrupted");
        saveModel();
        return new Outcome(
                run,
                finished,
                done,
                loss,
                valLoss,
                valBits,
                clock.tokensPerSecond(),
                (System.nanoTime() - began) / 1e9);
    }

    private double step(int step, float rate) {
        List<Batch> batches = new ArrayList<>();
        long predictions = 0;
        for (int i = 0; i < recipe.accumulation(); i++) {
            Batch batch = loader.next();
            batches.add(batch);
            predictions += batch.predictions();
        }
        double sum = 0;
        for (int i = 0; i < batches.size(); i++)
            sum += pass.train(
                    batches.get(i), Math.max(1, predictions), optimizer.trainable(), i > 0, recipe.recompute());
        double norm = optimizer.step(kernels, step, rate);
        if (!Double.isFinite(norm)) {
            describe("failed");
            throw new TrainingException("training diverged at step " + step + " (gradient norm " + norm
                    + "); lower learningRate (now " + recipe.learningRate() + ") or raise warmup, and start again"
                    + (run.resumable()
                            ? "; the last good checkpoint is " + run.saved().getFirst()
                            : ""));
        }
        return sum / Math.max(1, predictions);
    }

    private void validate(int step) {
        int most = recipe.validateBatches() * (step == recipe.steps() ? LAST_VALIDATION : 1);
        double nats = 0;
        long predictions = 0;
        long bytes = 0;
        int count = Math.min(validation.batches(), most);
        for (int k = 0; k < count; k++) { // spread evenly, so that few stand for all
            Batch batch = validation.batch((int) ((long) k * validation.batches() / count));
            nats += pass.validate(batch);
            predictions += batch.predictions();
            bytes += batch.bytes();
        }
        valLoss = OptionalDouble.of(nats / Math.max(1, predictions));
        valBits = OptionalDouble.of(nats / Math.log(2) / Math.max(1, bytes));
        listener.validated(step, valLoss.getAsDouble(), valBits.getAsDouble());
    }

    private String sample() {
        int[] prompt = tokenizer.encode(recipe.samplePrompt());
        if (prompt.length == 0) prompt = new int[] {tokenizer.eos().orElse(0)}; // after one document begins the next
        int room = model.config().context() - prompt.length;
        if (room < 1) return "";
        var sampling = Sampling.DEFAULT.withTemperature(SAMPLE_TEMPERATURE).withSeed(recipe.seed());
        var decoder = tokenizer.streamAfter(prompt);
        int end = tokenizer.eos().orElse(-1);
        int[] made = new Generator(model, kernels)
                .generate(prompt, Math.min(recipe.sampleTokens(), room), sampling, id -> id != end);
        return recipe.samplePrompt() + decoder.append(made) + decoder.flush();
    }

    private void save(String state) {
        var description = new TrainingCheckpoint.Description(
                run.checkpoint(done), done, loss, Recipes.yaml(recipe), corpus, loader.state());
        TrainingCheckpoint.save(description, model.parameters(), optimizer);
        run.prune();
        RunFolder.write(run.plot(), LossPlot.svg(run.name(), Metrics.read(run.metrics())));
        describe(state);
        listener.saved(done);
    }

    private void saveModel() {
        try {
            ModelFolder.save(run.model(), new Checkpoint(model));
        } catch (IOException failure) {
            throw new UncheckedIOException(
                    "the model could not be written to " + run.model() + "; the checkpoint is saved", failure);
        }
    }

    private void describe(String state) {
        ObjectNode node = JsonMapper.shared().createObjectNode();
        node.put("name", run.name());
        node.put("state", state);
        node.put("step", done);
        node.put("steps", recipe.steps());
        node.put("parameters", model.config().parameters());
        node.put("corpus", corpus);
        node.put("device", device.name() + ", " + device.description());
        if (valLoss.isPresent()) node.put("valLoss", valLoss.getAsDouble());
        if (valBits.isPresent()) node.put("valBitsPerByte", valBits.getAsDouble());
        node.set("recipe", Recipes.json(recipe));
        run.describe(node);
    }

    @Override
    public void close() {
        pass.close();
        train.close();
        held.close();
        arena.close();
    }
}
