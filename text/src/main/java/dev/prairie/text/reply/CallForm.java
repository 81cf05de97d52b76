package dev.prairie.text.reply;

import java.util.ArrayList;
import java.util.List;

/** The ways in which models write calls between their markers. */
enum CallForm {
    /** Hermes, Qwen: an object with name and arguments; Qwen3-Coder: {@code <function=…>}; GLM: keys and values in tags. */
    TAGGED {
        @Override
        List<Called> read(String body, ToolTypes types) {
            String text = body.strip();
            if (text.startsWith("{") || text.startsWith("[")) {
                return JsonCalls.objects(text);
            }
            if (text.startsWith("<invoke ")) {
                return MarkedCalls.invocations(text, types);
            }
            return text.startsWith("<function=") ? MarkedCalls.functions(text, types) : MarkedCalls.keyed(text, types);
        }
    },
    /** What follows {@code <function=}, where no other marker stands around it. */
    FUNCTION {
        @Override
        List<Called> read(String body, ToolTypes types) {
            return MarkedCalls.functions("<function=" + body + "</function>", types);
        }
    },
    /** An object with name and parameters, several with semicolons between them; or {@code tool.call(key="value")}. */
    LLAMA {
        @Override
        List<Called> read(String body, ToolTypes types) {
            String text = body.strip();
            return text.startsWith("{") ? JsonCalls.objects(text) : MarkedCalls.builtin(text, types);
        }
    },
    /** A list of objects; or {@code name[ARGS]{…}}, the marker again before each further one. */
    MISTRAL {
        @Override
        List<Called> read(String body, ToolTypes types) {
            String text = body.strip();
            if (text.startsWith("[") || text.startsWith("{")) {
                return JsonCalls.objects(text);
            }
            List<Called> calls = new ArrayList<>();
            for (String call : text.split("\\[TOOL_CALLS]", -1)) {
                calls.addAll(JsonCalls.named(call.strip()));
            }
            return calls;
        }
    },
    /** {@code name<sep>{…}}, or {@code function<sep>name} and a JSON block of Markdown. */
    DEEPSEEK {
        @Override
        List<Called> read(String body, ToolTypes types) {
            List<Called> calls = new ArrayList<>();
            for (String call : MarkedCalls.between(body, "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>")) {
                List<String> parts = List.of(call.split("<｜tool▁sep｜>", 2));
                if (parts.size() < 2) {
                    throw new UnreadableCall();
                }
                String rest = parts.get(1).strip();
                int block = rest.indexOf("```json");
                if (rest.startsWith("{") || block < 0) {
                    calls.add(JsonCalls.call(parts.get(0).strip(), rest));
                } else {
                    String json = rest.substring(block + "```json".length()).strip();
                    calls.add(JsonCalls.call(
                            rest.substring(0, block).strip(),
                            json.endsWith("```") ? json.substring(0, json.length() - 3) : json));
                }
            }
            return calls;
        }
    },
    /** {@code functions.name:0<argument_begin>{…}}: what stands before the arguments is also the id. */
    KIMI {
        @Override
        List<Called> read(String body, ToolTypes types) {
            List<Called> calls = new ArrayList<>();
            for (String call : MarkedCalls.between(body, "<|tool_call_begin|>", "<|tool_call_end|>")) {
                List<String> parts = List.of(call.split("<\\|tool_call_argument_begin\\|>", 2));
                if (parts.size() < 2) {
                    throw new UnreadableCall();
                }
                calls.add(JsonCalls.numbered(parts.get(0).strip(), parts.get(1)));
            }
            return calls;
        }
    },
    /** {@code <invoke name="…"><parameter name="…">…</parameter></invoke>}, as MiniMax and DeepSeek V3.2 write it. */
    INVOKE {
        @Override
        List<Called> read(String body, ToolTypes types) {
            return MarkedCalls.invocations(body.replace("｜DSML｜", ""), types);
        }
    };

    /**
     * The calls written in {@code body}, at least one.
     *
     * @throws UnreadableCall if it holds none, or something else beside them
     */
    abstract List<Called> read(String body, ToolTypes types);
}
