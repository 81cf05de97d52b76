package dev.prairie.serve.http;

import dev.prairie.model.transformer.Transformer;
import dev.prairie.model.transformer.TransformerConfig;
import dev.prairie.serve.engine.Engine;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.tensor.reference.ReferenceKernels;
import dev.prairie.text.template.ChatTemplate;
import dev.prairie.text.tokenizer.CharacterTokenizer;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A server for a real transformer of random weights, whose tokens are the characters of ASCII, with a template that knows
 * tools. What it says means nothing; whatever is well formed is so because it was held to its form.
 */
final class TinyChatServer implements AutoCloseable {
    static final String TEMPLATE = """
        {%- if tools %}{{ tools|map(attribute='function')|list|tojson }}{% endif %}
        {%- for m in messages %}<{{ m.role }}>{{ m.content }}
        {%- for c in m.tool_calls or [] %}<tool_call>{{ c.function|tojson }}</tool_call>{% endfor %}{% endfor %}
        {%- if add_generation_prompt %}<assistant>{% endif %}
        """;

    private final Arena arena = Arena.ofShared();
    private final Engine engine;
    private final Server server;

    TinyChatServer() {
        String ascii = IntStream.concat(IntStream.of('\n'), IntStream.range(' ', 127))
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
        CharacterTokenizer tokenizer = CharacterTokenizer.learn(List.of(ascii), List.of("</s>"));
        TransformerConfig config = TransformerConfig.gpt2(tokenizer.vocabularySize(), 2048, 1, 16, 2);
        Transformer transformer = Transformer.initialise(config, arena, 1);
        engine = new Engine(new ServedModel("tiny", transformer, tokenizer, new ReferenceKernels()));
        ChatFormat format = ChatFormat.of(ChatTemplate.of(TEMPLATE, Map.of()));
        server = new Server(ServerConfig.local(0), engine, format).start();
    }

    Server server() {
        return server;
    }

    @Override
    public void close() {
        server.close();
        engine.close();
        arena.close();
    }
}
