package dev.prairie.serve.responses;

import dev.prairie.serve.api.Answer;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Block;
import dev.prairie.serve.api.Json;
import dev.prairie.serve.api.Usage;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The objects that responses consist of, whole and streamed. Fields that may be null are there as null. */
final class ResponseForm {
    /** The status of an item or a response. */
    static final String IN_PROGRESS = "in_progress";

    private static final String COMPLETED = "completed";
    private static final String INCOMPLETE = "incomplete";

    private final String id = "resp_" + random();
    private final long created = Instant.now().getEpochSecond();
    private final String model;
    private final ResponseRequest request;
    private final Answer answer;
    private final List<String> itemIds = new ArrayList<>();

    ResponseForm(String model, ResponseRequest request, Answer answer) {
        this.model = model;
        this.request = request;
        this.answer = answer;
    }

    String id() {
        return id;
    }

    /** The id of the item that a block is told as; the same each time. */
    String itemId(int index, Block block) {
        while (itemIds.size() <= index) {
            String kind = switch (block) {
                case Block.Thinking thinking -> "rs_";
                case Block.Text text -> "msg_";
                case Block.Called call -> "fc_";
            };
            itemIds.add(kind + random());
        }
        return itemIds.get(index);
    }

    /** The status of an item that the end of the answer found open. */
    static String cut(Answer.Ended ended) {
        return ended.finish() == Answer.Finish.LENGTH ? INCOMPLETE : COMPLETED;
    }

    /** A response that has only begun. */
    Map<String, Object> begun() {
        return response(IN_PROGRESS, List.of(), null, null);
    }

    /** A response that has ended; the last item may have been cut by that. */
    Map<String, Object> ended(List<Block> blocks, Answer.Ended ended, boolean inside) {
        List<Map<String, Object>> items = new ArrayList<>();
        for (int i = 0; i < blocks.size(); i++) {
            boolean last = inside && i == blocks.size() - 1;
            items.add(item(i, blocks.get(i), last ? cut(ended) : COMPLETED));
        }
        Map<String, Object> incomplete =
                ended.finish() == Answer.Finish.LENGTH ? Json.object("reason", "max_output_tokens") : null;
        return response(cut(ended), items, incomplete, null);
    }

    /** A response that will not be completed. */
    Map<String, Object> failed(List<Block> blocks, ApiException error) {
        List<Map<String, Object>> items = new ArrayList<>();
        for (int i = 0; i < blocks.size(); i++) {
            items.add(item(i, blocks.get(i), COMPLETED));
        }
        String code = error.status() == 429 ? "rate_limit_exceeded" : "server_error";
        return response("failed", items, null, Json.object("code", code, "message", error.getMessage()));
    }

    private Map<String, Object> response(
            String status,
            List<Map<String, Object>> output,
            @Nullable Map<String, Object> incomplete,
            @Nullable Map<String, Object> error) {
        boolean open = status.equals(IN_PROGRESS);
        Map<String, Object> response = Json.object(
                "id",
                id,
                "object",
                "response",
                "created_at",
                created,
                "completed_at",
                status.equals(COMPLETED) ? Instant.now().getEpochSecond() : null,
                "status",
                status,
                "background",
                false,
                "error",
                error,
                "incomplete_details",
                incomplete,
                "model",
                model,
                "output",
                output,
                "service_tier",
                "default",
                "usage",
                open ? null : usage());
        response.putAll(request.echoed());
        return response;
    }

    /** A block as an item. */
    Map<String, Object> item(int index, Block block, String status) {
        List<Object> content = status.equals(IN_PROGRESS) ? List.of() : List.of(part(block));
        String itemId = itemId(index, block);
        return switch (block) {
            case Block.Thinking thinking ->
                Json.object(
                        "id",
                        itemId,
                        "type",
                        "reasoning",
                        "status",
                        status,
                        "summary",
                        List.of(),
                        "content",
                        content,
                        "encrypted_content",
                        null);
            case Block.Text text ->
                Json.object("id", itemId, "type", "message", "status", status, "role", "assistant", "content", content);
            case Block.Called call ->
                Json.object(
                        "id",
                        itemId,
                        "type",
                        "function_call",
                        "status",
                        status,
                        "call_id",
                        call.id(),
                        "name",
                        call.name(),
                        "arguments",
                        call.text());
        };
    }

    /** What stands in an item's content. */
    static Map<String, Object> part(Block block) {
        return block instanceof Block.Thinking
                ? Json.object("type", "reasoning_text", "text", block.text())
                : Json.object(
                        "type", "output_text", "text", block.text(), "annotations", List.of(), "logprobs", List.of());
    }

    /** The items by their ids, for those who refer to them. */
    Map<String, Block> items(List<Block> blocks) {
        Map<String, Block> items = new LinkedHashMap<>();
        for (int i = 0; i < blocks.size(); i++) {
            items.put(itemId(i, blocks.get(i)), blocks.get(i));
        }
        return items;
    }

    private Map<String, Object> usage() {
        Usage usage = answer.usage();
        return Json.object(
                "input_tokens",
                usage.prompt(),
                "input_tokens_details",
                Json.object("cached_tokens", usage.cached(), "cache_write_tokens", 0),
                "output_tokens",
                usage.completion(),
                "output_tokens_details",
                Json.object("reasoning_tokens", usage.reasoning()),
                "total_tokens",
                usage.total());
    }

    private static String random() {
        return UUID.randomUUID().toString().replace("-", "");
    }
}
