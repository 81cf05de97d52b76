package dev.prairie.serve.openai;

import dev.prairie.model.generate.TokenScore;
import dev.prairie.serve.api.Answer;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.engine.LanguageModel;
import dev.prairie.text.reply.ReplyEvent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Continuations of prompts as they stand, with the prompt before them where it is to be echoed. */
final class CompletionForm implements Form {
    /**
     * What is shown of each prompt's answers.
     *
     * @param n      how many of them
     * @param bestOf out of how many, the likeliest first; {@code n} shows all in their order
     * @param echoed whether the prompt is shown too
     * @param scored whether tokens are scored, those of an echoed prompt too
     */
    record Shown(int n, int bestOf, boolean echoed, boolean scored) {}

    /** A prompt and the text that it is echoed by. */
    record Prompt(int[] ids, String text) {}

    private static final class Choice {
        private final Prompt prompt;
        private final LanguageModel.TextStream decoder;
        private final StringBuilder text = new StringBuilder();
        private final List<TokenScore> scores = new ArrayList<>();
        private final List<Integer> offsets = new ArrayList<>();
        private int decoded; // characters that scored tokens have become
        private String reason = "";
        private double mean = Double.NEGATIVE_INFINITY;

        Choice(Prompt prompt, LanguageModel model) {
            this.prompt = prompt;
            this.decoder = model.textStream(prompt.ids());
        }
    }

    private final LanguageModel model;
    private final Scores scores;
    private final Shown shown;
    private final List<Choice> choices = new ArrayList<>();

    CompletionForm(LanguageModel model, List<Prompt> prompts, Shown shown) {
        this.model = model;
        this.scores = new Scores(model);
        this.shown = shown;
        for (Prompt prompt : prompts) {
            for (int i = 0; i < shown.bestOf(); i++) {
                choices.add(new Choice(prompt, model));
            }
        }
    }

    @Override
    public String idPrefix() {
        return "cmpl-";
    }

    @Override
    public String object(boolean chunk) {
        return "text_completion";
    }

    @Override
    public List<Map<String, Object>> take(Answer.Part part) {
        Choice choice = choices.get(part.choice());
        int before = choice.scores.size();
        return switch (part) {
            case Answer.Begun begun when shown.echoed() && !shown.scored() -> echo(choice, begun.choice(), List.of());
            case Answer.Begun begun -> List.of();
            case Answer.Scored scored
            when shown.echoed() && shown.scored() -> echo(choice, scored.choice(), scored.prompt());
            case Answer.Scored scored -> List.of();
            case Answer.Said said -> {
                StringBuilder more = new StringBuilder();
                for (ReplyEvent event : said.events()) {
                    more.append(event instanceof ReplyEvent.Content content ? content.text() : "");
                }
                choice.text.append(more);
                if (shown.scored()) {
                    said.scores().forEach(score -> score(choice, score, choice.decoder));
                }
                yield List.of(choice(said.choice(), more.toString(), logprobs(choice, before), null));
            }
            case Answer.Ended ended -> {
                choice.reason = ended.finish().name().toLowerCase(Locale.ROOT);
                choice.mean = ended.logProbability() / Math.max(1, ended.tokens());
                yield List.of(choice(ended.choice(), "", null, choice.reason));
            }
        };
    }

    private List<Map<String, Object>> echo(Choice choice, int index, List<TokenScore> prompt) {
        choice.text.append(choice.prompt.text());
        LanguageModel.TextStream decoder = model.textStream();
        prompt.forEach(score -> score(choice, score, decoder));
        choice.decoded = choice.text.length();
        return List.of(choice(index, choice.prompt.text(), logprobs(choice, 0), null));
    }

    /** Where a token's text begins is where that of those before it has ended. */
    private void score(Choice choice, TokenScore score, LanguageModel.TextStream decoder) {
        choice.scores.add(score);
        choice.offsets.add(Math.min(choice.decoded, choice.text.length()));
        if (!model.endsText(score.id())) {
            choice.decoded += decoder.add(score.id()).length();
        }
    }

    /** The scores from number {@code from} on; null if there are none. */
    private @Nullable Map<String, Object> logprobs(Choice choice, int from) {
        int to = choice.scores.size();
        return from == to ? null : scores.completion(choice.scores.subList(from, to), choice.offsets.subList(from, to));
    }

    private static Map<String, Object> choice(
            int index, String text, @Nullable Map<String, Object> logprobs, @Nullable String finishReason) {
        return Json.object("index", index, "text", text, "logprobs", logprobs, "finish_reason", finishReason);
    }

    @Override
    public List<Map<String, Object>> whole() {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int first = 0; first < choices.size(); first += shown.bestOf()) {
            List<Choice> best = new ArrayList<>(choices.subList(first, first + shown.bestOf()));
            if (shown.bestOf() > shown.n()) {
                best.sort(Comparator.comparingDouble((Choice choice) -> choice.mean)
                        .reversed());
            }
            for (Choice choice : best.subList(0, shown.n())) {
                Map<String, Object> logprobs = shown.scored() ? scores.completion(choice.scores, choice.offsets) : null;
                all.add(choice(all.size(), choice.text.toString(), logprobs, choice.reason));
            }
        }
        return all;
    }
}
