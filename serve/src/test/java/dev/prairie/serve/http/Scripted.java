package dev.prairie.serve.http;

import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ScriptedModel;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.text.template.ChatTemplate;
import java.time.Duration;
import java.util.Map;
import java.util.function.IntConsumer;

/** A server whose one model, {@code scripted}, gives a known answer to a templated chat. */
final class Scripted implements AutoCloseable {
    /** Writes down everything it is told: reasoning, tools, calls and who answered them. */
    static final String TEMPLATE = """
            {%- if tools %}<tools>{{ tools|map(attribute='function')|list|tojson }}</tools>{% endif %}
            {%- for m in messages %}<|{{ m.role }}|>
            {%- if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif %}{{ m.content }}
            {%- for c in m.tool_calls or [] %}<tool_call>{{ c.function|tojson }}</tool_call>{% endfor %}
            {%- if m.role == 'tool' %}={{ m.tool_call_id }}/{{ m.name }}{% endif %}
            {%- endfor %}
            {%- if messages[-1].content == 'no' %}{{ raise_exception('say something else') }}{% endif %}
            {%- if add_generation_prompt %}<|assistant|>{% endif %}
            {%- if reasoning_effort %}[{{ reasoning_effort }}]{% endif %}
            {%- if enable_thinking is false %}<think></think>{% endif %}""";

    private final Engine engine;
    final Server server;
    final Client client;

    Scripted(String answer) {
        this(answer, 4096, step -> {});
    }

    Scripted(String answer, int context, IntConsumer beforeStep) {
        this(new ScriptedModel(answer, context, beforeStep), ChatFormat.of(ChatTemplate.of(TEMPLATE, Map.of())));
    }

    Scripted(ScriptedModel model, ChatFormat format) {
        engine = new Engine(model);
        server = new Server(ServerConfig.local(0).withKeepAlive(Duration.ofMillis(150)), engine, format).start();
        client = new Client(server);
    }

    @Override
    public void close() {
        client.close();
        server.close();
        engine.close();
    }
}
