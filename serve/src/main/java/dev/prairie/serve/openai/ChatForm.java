package dev.prairie.serve.openai;

import dev.prairie.model.generate.TokenScore;
import dev.prairie.serve.api.Answer;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.engine.LanguageModel;
import dev.prairie.text.reply.ReplyBuilder;
import dev.prairie.text.reply.ReplyEvent;
import dev.prairie.text.template.Message;
import dev.prairie.text.template.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Answers of a chat. Scores, where wanted, are those of all tokens of the answer, thought, said or called, but for the one
 * that ends it; in a stream they come with the chunk that follows.
 */
final class ChatForm implements Form {
    private static final class Choice {
        private final ReplyBuilder reply = new ReplyBuilder();
        private final List<TokenScore> scores = new ArrayList<>();
        private int told; // of the scores, in chunks
        private String reason = "";
    }

    private final LanguageModel model;
    private final Scores scores;
    private final boolean scored;
    private final List<Choice> choices = new ArrayList<>();

    ChatForm(LanguageModel model, int n, boolean scored) {
        this.model = model;
        this.scores = new Scores(model);
        this.scored = scored;
        for (int i = 0; i < n; i++) {
            choices.add(new Choice());
        }
    }

    @Override
    public String idPrefix() {
        return "chatcmpl-";
    }

    @Override
    public String object(boolean chunk) {
        return chunk ? "chat.completion.chunk" : "chat.completion";
    }

    @Override
    public List<Map<String, Object>> take(Answer.Part part) {
        Choice choice = choices.get(part.choice());
        List<Map<String, Object>> chunks = new ArrayList<>();
        switch (part) {
            case Answer.Begun begun ->
                chunks.add(
                        chunk(begun.choice(), Json.object("role", "assistant", "content", "", "refusal", null), null));
            case Answer.Scored scoredPrompt -> {}
            case Answer.Said said -> {
                choice.reply.add(said.events());
                for (TokenScore score : said.scores()) {
                    if (!model.endsText(score.id())) {
                        choice.scores.add(score);
                    }
                }
                for (ReplyEvent event : said.events()) {
                    if (!(event instanceof ReplyEvent.CallEnd)) { // nothing on the wire stands for it
                        chunks.add(chunk(said.choice(), delta(event), null));
                    }
                }
            }
            case Answer.Ended ended -> {
                choice.reason = ended.finish().name().toLowerCase(Locale.ROOT);
                chunks.add(chunk(ended.choice(), Json.object(), choice.reason));
            }
        }
        return chunks;
    }

    private Map<String, Object> chunk(int index, Map<String, Object> delta, @Nullable String finishReason) {
        Choice choice = choices.get(index);
        List<TokenScore> news = choice.scores.subList(choice.told, choice.scores.size());
        Map<String, Object> logprobs = news.isEmpty() ? null : scores.chat(news);
        choice.told = choice.scores.size();
        return Json.object("index", index, "delta", delta, "logprobs", logprobs, "finish_reason", finishReason);
    }

    private static Map<String, Object> delta(ReplyEvent event) {
        return switch (event) {
            case ReplyEvent.Content content -> Json.object("content", content.text());
            case ReplyEvent.Reasoning reasoning -> Json.object("reasoning_content", reasoning.text());
            case ReplyEvent.CallBegin begin -> {
                Map<String, Object> call = call(new ToolCall(begin.id(), begin.name(), ""));
                call.put("index", begin.index());
                yield Json.object("tool_calls", List.of(call));
            }
            case ReplyEvent.Arguments more ->
                Json.object(
                        "tool_calls",
                        List.of(Json.object("index", more.index(), "function", Json.object("arguments", more.json()))));
            case ReplyEvent.CallEnd end -> Json.object();
        };
    }

    private static Map<String, Object> call(ToolCall call) {
        return Json.object(
                "id",
                call.id(),
                "type",
                "function",
                "function",
                Json.object("name", call.name(), "arguments", call.arguments()));
    }

    @Override
    public List<Map<String, Object>> whole() {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int i = 0; i < choices.size(); i++) {
            Choice choice = choices.get(i);
            all.add(Json.object(
                    "index",
                    i,
                    "message",
                    message(choice.reply.message()),
                    "logprobs",
                    scored ? scores.chat(choice.scores) : null,
                    "finish_reason",
                    choice.reason));
        }
        return all;
    }

    private static Map<String, Object> message(Message reply) {
        List<ToolCall> calls = reply.toolCalls();
        String content = calls.isEmpty() || !reply.content().isEmpty() ? reply.content() : null;
        Map<String, Object> message = Json.object("role", "assistant", "content", content, "refusal", null);
        if (!reply.reasoning().isEmpty()) {
            message.put("reasoning_content", reply.reasoning());
        }
        if (!calls.isEmpty()) {
            message.put("tool_calls", calls.stream().map(ChatForm::call).toList());
        }
        return message;
    }
}
