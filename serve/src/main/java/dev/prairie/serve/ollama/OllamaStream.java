package dev.prairie.serve.ollama;

import dev.prairie.serve.api.Answer;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Block;
import dev.prairie.serve.api.Blocks;
import dev.prairie.serve.api.StreamWriter;
import java.io.IOException;
import java.util.List;

/** An answer in lines: texts as they grow, calls when they are complete, and numbers with the last one. */
final class OllamaStream implements StreamWriter {
    private final OllamaForm form;
    private final Answer answer;
    private final Lines out;
    private final Blocks blocks = new Blocks();

    OllamaStream(OllamaForm form, Answer answer, Lines out) {
        this.form = form;
        this.answer = answer;
        this.out = out;
    }

    @Override
    public void said(Answer.Said said) throws IOException {
        form.answering();
        send(blocks.add(said.events()));
    }

    @Override
    public void quiet() throws IOException {
        out.send(form.part(List.of()));
    }

    @Override
    public void ended(Answer.Ended ended) throws IOException {
        send(blocks.end());
        out.send(form.last(List.of(), ended, answer.usage()));
    }

    @Override
    public void failed(ApiException error) throws IOException {
        out.send(new OllamaError().body(error));
    }

    private void send(List<Blocks.Change> changes) throws IOException {
        for (Blocks.Change change : changes) {
            switch (change) {
                case Blocks.Opened opened -> {}
                case Blocks.Grown grown -> {
                    if (!(grown.block() instanceof Block.Called)) {
                        out.send(form.part(List.of(grown.block().plus(grown.more()))));
                    }
                }
                case Blocks.Closed closed -> {
                    if (closed.block() instanceof Block.Called call) {
                        out.send(form.part(List.of(call)));
                    }
                }
            }
        }
    }
}
