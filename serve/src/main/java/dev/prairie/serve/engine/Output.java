package dev.prairie.serve.engine;

import dev.prairie.model.generate.Logprobs;
import dev.prairie.model.generate.Sampler;
import dev.prairie.model.generate.Scratch;
import dev.prairie.model.generate.TokenScore;
import dev.prairie.text.grammar.Constraint;
import dev.prairie.text.grammar.TokenMasks;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a sequence says: picks its tokens, makes text of them, holds back what may become a stop string, and tells the
 * listener. Nothing here depends on which other sequences were in the step.
 */
final class Output {
    /** A token's score, and where its text ends in all that was said. */
    private record Ending(TokenScore score, int begin, int end) {}

    private final Sequence sequence;
    private final Request request;
    private final LanguageModel model;
    private final Scratch scratch;
    private final Sampler sampler;
    private final @Nullable Constraint constraint;
    private final long[] allowed;
    private final LanguageModel.TextStream text;
    private final StopStrings stops;
    private final List<Ending> unsaid = new ArrayList<>();
    private final List<TokenScore> promptScores = new ArrayList<>();
    private double logProbability;
    private int sampled;
    private int made; // characters that tokens have become
    private int told; // of them, told
    private boolean ended;

    /** @param scratch what all outputs of a thread compute in, in turn */
    Output(Sequence sequence, LanguageModel model, Scratch scratch) {
        this.scratch = scratch;
        this.sequence = sequence;
        this.request = sequence.request();
        this.model = model;
        int[] prompt = request.prompt();
        this.sampler = new Sampler(sequence.sampling(), scratch, prompt);
        TokenMasks masks = request.masks();
        this.constraint =
                masks == null ? null : model.dropsSpaceAfter(prompt) ? masks.beginWithoutSpace() : masks.begin();
        this.allowed = new long[masks == null ? 0 : masks.words()];
        this.text = request.marked() ? model.markedStream(prompt) : model.textStream(prompt);
        this.stops = new StopStrings(request.stop());
    }

    /** Whether nothing more is said. */
    boolean ended() {
        return ended;
    }

    /** Tokens said so far. */
    int sampled() {
        return sampled;
    }

    // ---- the prompt --------------------------------------------------------------------------------------------

    /** Whether the prompt's tokens are still to be scored. */
    boolean scoresPrompt() {
        return request.promptScores() && promptScores.size() < request.prompt().length;
    }

    /**
     * The prompt's token at {@code position}, given the logits of the one before it; one that was scored before the sequence
     * had to begin anew is not scored again.
     */
    void scorePrompt(int position, float[] logits) {
        if (position < promptScores.size()) {
            return;
        }
        if (promptScores.isEmpty()) {
            promptScores.add(new TokenScore(request.prompt()[0], Float.NaN, new int[0], new float[0]));
        }
        promptScores.add(score(logits, request.prompt()[position]));
    }

    /** The prompt is computed. */
    void promptDone() {
        if (request.promptScores()) {
            if (promptScores.isEmpty()) { // of one token, before which there is nothing
                promptScores.add(new TokenScore(request.prompt()[0], Float.NaN, new int[0], new float[0]));
            }
            sequence.emit(new Event.Scored(List.copyOf(promptScores)));
        }
        if (request.maxTokens() == 0) {
            end(Event.Reason.LENGTH);
        }
    }

    // ---- the answer --------------------------------------------------------------------------------------------

    /** The next token for these logits. */
    int next(float[] logits) {
        int id;
        if (constraint == null) {
            id = sampler.next(logits);
        } else {
            constraint.allowed(allowed);
            id = sampler.next(logits, allowed);
            constraint.accept(id);
        }
        say(id, request.scores() < 0 ? null : score(logits, id));
        return id;
    }

    private TokenScore score(float[] logits, int id) {
        return Logprobs.of(logits, 0, logits.length, id, Math.max(0, request.scores()), scratch);
    }

    private void say(int id, @Nullable TokenScore score) {
        sampled++;
        boolean last = !request.ignoreEnd()
                && (model.endsText(id) || request.stopTokens().contains(id));
        String more = last ? "" : text.add(id);
        if (score != null) {
            unsaid.add(new Ending(score, made, made + more.length()));
            logProbability += score.logprob();
        }
        made += more.length();
        String shown = stops.add(more);
        boolean full = sampled == request.maxTokens();
        last |= constraint != null && constraint.mustEnd() && constraint.mayEnd(); // an end would be all that can come
        if ((last || full) && !stops.isFound()) {
            String rest = text.end();
            made += rest.length();
            shown += stops.add(rest);
            shown += stops.end();
        }
        boolean over = last || full || stops.isFound();
        tell(shown, over);
        if (over) {
            end(last || stops.isFound() ? Event.Reason.STOP : Event.Reason.LENGTH);
        }
    }

    /** Scores go with the text that they are about: what a stop string cuts off has none. */
    private void tell(String shown, boolean over) {
        told += shown.length();
        List<TokenScore> scores = new ArrayList<>();
        boolean cut = stops.isFound();
        while (!unsaid.isEmpty()) {
            Ending first = unsaid.getFirst();
            if (cut ? first.begin >= told && first.end > told : !over && first.end > told) {
                break;
            }
            scores.add(unsaid.removeFirst().score);
        }
        if (!shown.isEmpty() || !scores.isEmpty()) {
            sequence.emit(new Event.Text(shown, sampled, scores));
        }
    }

    // ---- the end -----------------------------------------------------------------------------------------------

    void end(Event.Reason reason) {
        ended = true;
        sequence.emit(new Event.Finished(reason, sampled, logProbability, stops.found()));
    }

    /** Says what was held back and ends, though more was asked for. */
    void cutShort() {
        String rest = stops.isFound() ? "" : stops.add(text.end()) + stops.end();
        tell(rest, true);
        end(Event.Reason.LENGTH);
    }

    void fail(Throwable cause) {
        ended = true;
        sequence.emit(new Event.Failed(cause));
    }
}
