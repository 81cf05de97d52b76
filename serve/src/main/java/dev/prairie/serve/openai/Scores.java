package dev.prairie.serve.openai;

import dev.prairie.model.generate.TokenScore;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.engine.LanguageModel;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes the scores of tokens, in the two ways that OpenAI has. */
final class Scores {
    /** What stands for a logarithm of 0, which JSON cannot say (OpenAI's reference, "logprob"). */
    private static final float UNLIKELY = -9999;

    private final LanguageModel model;

    Scores(LanguageModel model) {
        this.model = model;
    }

    /** A token as text; what is only a part of a character, as its bytes: {@code bytes:\xe6\x98}. */
    String text(int id) {
        byte[] bytes = model.bytes(id);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException part) {
            StringBuilder text = new StringBuilder("bytes:");
            for (byte b : bytes) {
                text.append(String.format("\\x%02x", b & 0xFF));
            }
            return text.toString();
        }
    }

    /** As chats have it: {@code {"content": [{token, logprob, bytes, top_logprobs}], "refusal": null}}. */
    Map<String, Object> chat(List<TokenScore> scores) {
        List<Map<String, Object>> content = new ArrayList<>();
        for (TokenScore score : scores) {
            Map<String, Object> token = token(score.id(), score.logprob());
            List<Map<String, Object>> top = new ArrayList<>();
            for (int i = 0; i < score.top().length; i++) {
                top.add(token(score.top()[i], score.topLogprobs()[i]));
            }
            token.put("top_logprobs", top);
            content.add(token);
        }
        return Json.object("content", content, "refusal", null);
    }

    private Map<String, Object> token(int id, float logprob) {
        byte[] bytes = model.bytes(id);
        List<Integer> numbers = new ArrayList<>(bytes.length);
        for (byte b : bytes) {
            numbers.add(b & 0xFF);
        }
        return Json.object("token", text(id), "logprob", finite(logprob), "bytes", numbers);
    }

    /**
     * As completions have it: lists of the same length for tokens, their log-probabilities, the likeliest in their places,
     * and where in the answer's text they begin.
     *
     * @param offsets one for each score
     */
    Map<String, Object> completion(List<TokenScore> scores, List<Integer> offsets) {
        List<String> tokens = new ArrayList<>();
        List<@Nullable Float> logprobs = new ArrayList<>();
        List<@Nullable Map<String, Float>> tops = new ArrayList<>();
        for (TokenScore score : scores) {
            boolean first = Float.isNaN(score.logprob());
            tokens.add(text(score.id()));
            logprobs.add(first ? null : finite(score.logprob()));
            tops.add(first ? null : top(score));
        }
        return Json.object("text_offset", offsets, "token_logprobs", logprobs, "tokens", tokens, "top_logprobs", tops);
    }

    /** The likeliest tokens by their texts, and the chosen one among them. */
    private Map<String, Float> top(TokenScore score) {
        Map<String, Float> top = new LinkedHashMap<>();
        boolean chosen = false;
        for (int i = 0; i < score.top().length; i++) {
            chosen |= score.top()[i] == score.id();
            put(top, score.top()[i], score.topLogprobs()[i]);
        }
        if (!chosen) {
            put(top, score.id(), score.logprob());
        }
        return top;
    }

    /** Two tokens may have one text: the less likely is told by its number. */
    private void put(Map<String, Float> top, int id, float logprob) {
        String text = text(id);
        top.put(top.containsKey(text) ? "token_id:" + id : text, finite(logprob));
    }

    private static float finite(float logprob) {
        return Math.max(logprob, UNLIKELY);
    }
}
