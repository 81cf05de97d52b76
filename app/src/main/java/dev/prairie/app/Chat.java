package dev.prairie.app;

import dev.prairie.model.generate.Generator;
import dev.prairie.model.generate.Sampling;
import dev.prairie.serve.engine.LanguageModel;
import dev.prairie.serve.engine.ServedModel;
import dev.prairie.serve.resident.ChatFormat;
import dev.prairie.text.reply.ReplyBuilder;
import dev.prairie.text.reply.ReplyEvent;
import dev.prairie.text.reply.ReplyParser;
import dev.prairie.text.template.Conversation;
import dev.prairie.text.template.Message;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A conversation with a model, in the form that its template asks for: what was said so far, and the next answer, printed
 * as it comes. On a terminal reasoning is shown too, fainter; elsewhere only the answer is.
 */
final class Chat {
    private final ServedModel model;
    private final Generator generator;
    private final ChatFormat format;
    private final Sampling sampling;
    private final int maxTokens;
    private final Map<String, Object> variables;
    private final Optional<Message> system;
    private final List<Message> history = new ArrayList<>();

    Chat(
            LoadedModel loaded,
            Generator generator,
            Sampling sampling,
            int maxTokens,
            Optional<String> system,
            boolean thinks) {
        this.model = loaded.model();
        this.generator = generator;
        this.format = loaded.chat();
        this.sampling = sampling;
        this.maxTokens = maxTokens;
        this.system = system.map(Message::system);
        this.variables = thinks ? Map.of() : Map.of("enable_thinking", false, "thinking", false);
    }

    /** Forgets all but the system's message. */
    void clear() {
        history.clear();
    }

    /** Answers a user's turn; the answer becomes part of the conversation. */
    void answer(String said, PrintWriter out) {
        history.add(Message.user(said));
        forgetWhatDoesNotFit();
        String prompt = format.prompt(conversation());
        Message reply = generate(prompt, encode(prompt), out);
        history.add(Message.assistant("", reply.content(), reply.toolCalls()));
    }

    private Conversation conversation() {
        List<Message> messages = new ArrayList<>();
        system.ifPresent(messages::add);
        messages.addAll(history);
        return new Conversation(messages, List.of(), true, variables);
    }

    private int[] encode(String prompt) {
        return format.templated() ? model.encodeTemplated(prompt) : model.encode(prompt);
    }

    private Message generate(String prompt, int[] ids, PrintWriter out) {
        LanguageModel.TextStream text = format.templated() ? model.markedStream(ids) : model.textStream(ids);
        ReplyParser parser = format.replies(prompt, List.of());
        ReplyBuilder reply = new ReplyBuilder();
        Screen screen = new Screen(out, Terminal.isTerminal());
        generator.generate(RunCommand.begun(model, ids), maxTokens, sampling, id -> {
            if (model.endsText(id) || id >= model.vocabularySize()) return false;
            show(parser.add(text.add(id)), reply, screen);
            return true;
        });
        show(parser.add(text.end()), reply, screen);
        show(parser.end(), reply, screen);
        screen.end();
        return reply.message();
    }

    private static void show(List<ReplyEvent> events, ReplyBuilder reply, Screen screen) {
        reply.add(events);
        events.forEach(screen::show);
    }

    /** What is printed of a reply. */
    private static final class Screen {
        private final PrintWriter out;
        private final boolean terminal;
        private boolean faint;

        Screen(PrintWriter out, boolean terminal) {
            this.out = out;
            this.terminal = terminal;
        }

        void show(ReplyEvent event) {
            switch (event) {
                case ReplyEvent.Reasoning text -> {
                    if (terminal) {
                        out.print((faint ? "" : "\033[2m") + text.text());
                        faint = true;
                    }
                }
                case ReplyEvent.Content text -> {
                    end();
                    out.print(text.text());
                }
                case ReplyEvent.CallBegin call -> {
                    end();
                    out.print("\n" + call.name() + " ");
                }
                case ReplyEvent.Arguments more -> out.print(more.json());
                case ReplyEvent.CallEnd done -> out.println();
            }
            out.flush();
        }

        /** Reasoning ends here. */
        void end() {
            if (faint) out.print("\033[0m\n\n");
            faint = false;
        }
    }

    /** The oldest exchanges go first; half of the context is left for the answer. */
    private void forgetWhatDoesNotFit() {
        int room = model.contextLength() / 2;
        while (history.size() > 1 && encode(format.prompt(conversation())).length > room) {
            do history.removeFirst();
            while (history.size() > 1 && !history.getFirst().role().equals("user"));
        }
        Message last = history.getLast();
        int[] ids = model.encode(last.content());
        if (ids.length > room)
            history.set(
                    history.size() - 1,
                    Message.user(model.tokenizer().decode(Arrays.copyOfRange(ids, ids.length - room, ids.length))));
    }
}
