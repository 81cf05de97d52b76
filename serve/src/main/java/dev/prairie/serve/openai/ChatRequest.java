package dev.prairie.serve.openai;

import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Fields;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.text.template.Conversation;
import dev.prairie.text.template.Message;
import dev.prairie.text.template.TemplateException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * The part of a chat request that becomes the prompt: messages, tools, and what else the model's template asks for.
 *
 * @param prompt the text that the model continues
 * @param tools  the tools offered in it
 */
record ChatRequest(String prompt, List<JsonNode> tools) {
    private static final int MOST_TOOLS = 128;

    static ChatRequest read(Fields fields, ChatFormat format) {
        List<Message> messages = Messages.read(fields, format.takesTools());
        List<JsonNode> tools = tools(fields, format);
        Map<String, Object> variables = new LinkedHashMap<>();
        if (format.takes("reasoning_effort") && fields.has("reasoning_effort")) {
            variables.put("reasoning_effort", fields.string("reasoning_effort"));
        } else {
            fields.unsupported("reasoning_effort");
        }
        if (format.templated()) { // as other servers call it
            Fields more = fields.fields("chat_template_kwargs");
            if (more != null) {
                variables.putAll(more.all());
            }
        }
        try {
            Conversation conversation = new Conversation(messages, tools, true, variables);
            return new ChatRequest(format.prompt(conversation), tools);
        } catch (TemplateException refused) {
            throw ApiException.invalid("messages", String.valueOf(refused.getMessage()));
        }
    }

    private static List<JsonNode> tools(Fields fields, ChatFormat format) {
        JsonNode choice = fields.node("tool_choice");
        boolean none =
                choice != null && choice.isString() && choice.stringValue().equals("none");
        boolean auto =
                choice == null || (choice.isString() && choice.stringValue().equals("auto"));
        if (!none && !auto) {
            throw ApiException.unsupported("tool_choice", "only \"auto\" and \"none\" are supported yet");
        }
        JsonNode given = fields.node("tools");
        if (!format.takesTools()) {
            fields.unsupported("tools");
            return List.of();
        }
        if (given == null) {
            return List.of();
        }
        if (!given.isArray() || given.size() > MOST_TOOLS) {
            throw ApiException.invalid("tools", "give an array of at most " + MOST_TOOLS + " tools");
        }
        List<JsonNode> tools = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            JsonNode tool = given.get(i);
            String type = tool.path("type").stringValue("");
            if (!type.equals("function")
                    || tool.at("/function/name").stringValue("").isBlank()) {
                throw ApiException.invalid(
                        "tools[" + i + "]", "give {\"type\": \"function\", \"function\": {\"name\", …}}");
            }
            tools.add(tool);
        }
        return none ? List.of() : tools;
    }
}
