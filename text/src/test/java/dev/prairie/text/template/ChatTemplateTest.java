package dev.prairie.text.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.text.tokenizer.TokenizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a template takes, and what is made of messages for it. */
final class ChatTemplateTest {
    private static final JsonNode TOOL = new JsonMapper()
            .readTree("{\"type\": \"function\", \"function\": {\"name\": \"add\", \"parameters\": {}}}");

    private static final List<Message> CALL = List.of(
            Message.user("1+2?"),
            Message.assistant("easy", "", List.of(new ToolCall("abcdef123", "add", "{\"a\": [1, 2]}"))),
            Message.tool("abcdef123", "", "3"));

    private static String render(String template, List<Message> messages) {
        return ChatTemplate.of(template, Map.of()).render(Conversation.of(messages));
    }

    @Test
    void aSystemMessageThatIsRefusedOrDroppedGoesBeforeTheUser() {
        List<Message> messages = List.of(Message.system("S"), Message.user("U"), Message.assistant("A"));
        String says = "{{ m.role }}:{{ m.content }};";
        String each = "{% for m in messages %}" + says + "{% endfor %}";
        assertThat(render(each, messages)).isEqualTo("system:S;user:U;assistant:A;");
        assertThat(render(
                        "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + each, messages))
                .isEqualTo("user:S\nU;assistant:A;");
        assertThat(render("{% for m in messages if m.role != 'system' %}" + says + "{% endfor %}", messages))
                .isEqualTo("user:S\nU;assistant:A;");
    }

    @Test
    void contentIsTextOrPartsAsTheTemplateTakesIt() {
        String parts = "{% for m in messages %}{% for p in m.content %}{{ p.text }}|{% endfor %}{% endfor %}";
        assertThat(render(parts, List.of(Message.user("U")))).isEqualTo("U|");
        assertThat(render("{% for m in messages %}{{ m.content }}{% endfor %}", List.of(Message.user("U"))))
                .isEqualTo("U");
    }

    @Test
    void argumentsAreADictOrTextAsTheTemplateTakesThem() {
        String calls = "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}"
                + "{{ c.function.name }}(%s){% endfor %}{% endfor %}";
        assertThat(render(calls.replace("%s", "{{ c.function.arguments|tojson }}"), CALL))
                .isEqualTo("1+2?add({\"a\": [1, 2]})3");
        assertThat(render(calls.replace("%s", "{{ c.function.arguments }}"), CALL))
                .isEqualTo("1+2?add({\"a\": [1, 2]})3");
        assertThat(render(calls.replace("%s", "{{ '<' + c.function.arguments + '>' }}"), CALL))
                .isEqualTo("1+2?add(<{\"a\": [1, 2]}>)3");
        assertThat(render(calls.replace("%s", "{{ c.function.arguments.a[1] }}"), CALL))
                .isEqualTo("1+2?add(2)3");
    }

    @Test
    void aCallWithoutTextHasContentNoneWhereThatIsNotPrinted() {
        String none =
                "{% for m in messages %}{% if m.content is none %}-{{ m.tool_calls|map(attribute='function')|list|tojson }}"
                        + "{% else %}{{ m.content }}{% endif %}{% endfor %}";
        assertThat(render(none, CALL)).startsWith("1+2?-[{");
    }

    @Test
    void whatIsKnownOfATurnIsGiven() {
        String all = "{% for m in messages %}{{ m.reasoning_content }}{{ m.name }}{{ m.tool_call_id }};{% endfor %}"
                + "{{ add_generation_prompt }}{{ tools is none }}{{ bos_token }}{{ x }}";
        assertThat(ChatTemplate.of(all, Map.of("bos_token", "<s>"))
                        .render(Conversation.of(CALL).withVariables(Map.of("x", 5))))
                .isEqualTo(";easy;addabcdef123;TrueTrue<s>5");
    }

    @Test
    void toolsAreTakenIfTheyAppear() {
        assertThat(ChatTemplate.of("{{ messages[-1].content }}{{ tools|tojson }}", Map.of())
                        .takesTools())
                .isTrue();
        assertThat(ChatTemplate.of("{{ messages[-1].content }}", Map.of()).takesTools())
                .isFalse();
    }

    @Test
    void developersAreTheSystemWhereTheyAreUnknown() {
        List<Message> messages = List.of(new Message("developer", "D"), Message.user("U"));
        assertThat(render(
                        "{% for m in messages %}{{ m.role }},{% endfor %}{{ messages|map(attribute='content')|join }}",
                        messages))
                .isEqualTo("system,user,DU");
        assertThat(render("{# developer #}{% for m in messages %}{{ m.role }},{{ m.content }}{% endfor %}", messages))
                .isEqualTo("developer,Duser,U");
    }

    @Test
    void aFolderNamesItsTemplateAndTokens(@TempDir Path folder) throws IOException {
        assertThat(ChatTemplateFiles.load(folder)).isEmpty();
        Path config = folder.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"bos_token\": {\"content\": \"<s>\"}, \"eos_token\": \"</s>\"}");
        assertThat(ChatTemplateFiles.load(folder)).isEmpty();
        Files.writeString(
                config,
                "{\"bos_token\": {\"content\": \"<s>\"}, \"eos_token\": \"</s>\", \"additional_special_tokens\": [\"<x>\"],"
                        + " \"chat_template\": \"{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ additional_special_tokens }}\"}");
        assertThat(ChatTemplateFiles.load(folder).orElseThrow().render("Hi")).isEqualTo("<s>Hi</s>['<x>']");
        Files.writeString(
                config,
                "{\"chat_template\": [{\"name\": \"tool_use\", \"template\": \"T{{ messages[0].content }}{{ tools|length }}\"},"
                        + " {\"name\": \"default\", \"template\": \"D{{ messages[0].content }}\"}]}");
        ChatTemplate named = ChatTemplateFiles.load(folder).orElseThrow();
        Conversation hi = Conversation.of(List.of(Message.user("Hi")));
        assertThat(named.render(hi)).isEqualTo("DHi");
        assertThat(named.render(hi.withTools(List.of(TOOL)))).isEqualTo("THi1");
        Files.writeString(folder.resolve("chat_template.jinja"), "F{{ messages[0].content }}");
        assertThat(ChatTemplateFiles.load(folder).orElseThrow().render(hi)).isEqualTo("FHi");
        Files.writeString(config, "{");
        assertThatThrownBy(() -> ChatTemplateFiles.load(folder))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("tokenizer_config.json")
                .hasMessageContaining("fetch it again");
    }
}
