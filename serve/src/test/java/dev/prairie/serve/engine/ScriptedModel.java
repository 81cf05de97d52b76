package dev.prairie.serve.engine;

import dev.prairie.text.grammar.Grammar;
import dev.prairie.text.grammar.TokenMasks;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * A model whose tokens are bytes and whose answer is known: it exists to fail, to wait and to end on command. Id 256
 * ends the text.
 */
public final class ScriptedModel implements LanguageModel {
    private static final int END = 256;

    private final byte[] answer;
    private final int contextLength;
    private final IntConsumer beforeStep;
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger steps = new AtomicInteger();

    /** {@code beforeStep} gets the number of tokens answered so far, and may throw or wait. */
    public ScriptedModel(String answer, int contextLength, IntConsumer beforeStep) {
        this.answer = answer.getBytes(StandardCharsets.UTF_8);
        this.contextLength = contextLength;
        this.beforeStep = beforeStep;
    }

    public ScriptedModel(String answer) {
        this(answer, 4096, step -> {});
    }

    /** Runners not closed. */
    public int open() {
        return open.get();
    }

    /** Tokens answered in all. */
    public int steps() {
        return steps.get();
    }

    @Override
    public String id() {
        return "scripted";
    }

    @Override
    public int contextLength() {
        return contextLength;
    }

    @Override
    public int vocabularySize() {
        return END + 1;
    }

    @Override
    public int[] encode(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[bytes.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = bytes[i] & 0xFF;
        }
        return ids;
    }

    @Override
    public byte[] bytes(int id) {
        return id == END ? "<end>".getBytes(StandardCharsets.UTF_8) : new byte[] {(byte) id};
    }

    @Override
    public String decode(int... ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int id : ids) {
            bytes.write(id);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Override
    public TokenMasks masks(String key, Supplier<Grammar> grammar) {
        throw new AssertionError("an answer that is known is held to nothing");
    }

    @Override
    public boolean endsText(int id) {
        return id == END;
    }

    @Override
    public TextStream textStream(int... prompt) {
        CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer bytes = ByteBuffer.allocate(8);
        return new TextStream() {
            @Override
            public String add(int id) {
                CharBuffer chars = CharBuffer.allocate(8);
                bytes.put((byte) id).flip();
                utf8.decode(bytes, chars, false);
                bytes.compact();
                return chars.flip().toString();
            }

            @Override
            public String end() {
                return bytes.position() == 0 ? "" : "\uFFFD";
            }
        };
    }

    @Override
    public ModelRunner open(EngineConfig config) {
        open.incrementAndGet();
        Map<Long, Integer> begins = new HashMap<>(); // where each sequence's answer begins
        int blocks = Math.ceilDiv(contextLength, config.block());
        return new ModelRunner() {
            @Override
            public int blocks() {
                return blocks * config.sequences();
            }

            @Override
            public int block() {
                return config.block();
            }

            @Override
            public Logits run(Step step) {
                int[] tokens = new int[step.rows().length];
                for (int m = 0; m < tokens.length; m++) {
                    int row = step.rows()[m];
                    int b = 0;
                    while (step.starts()[b + 1] <= row) {
                        b++;
                    }
                    int at = step.positions()[row];
                    int answered = at - begins.getOrDefault(step.sequences()[b], at);
                    beforeStep.accept(answered);
                    begins.putIfAbsent(step.sequences()[b], at);
                    steps.incrementAndGet();
                    tokens[m] = answered < answer.length ? answer[answered] & 0xFF : END;
                }
                return (m, logits) -> {
                    Arrays.fill(logits, 0);
                    logits[tokens[m]] = 100;
                };
            }

            @Override
            public void close() {
                open.decrementAndGet();
            }
        };
    }
}
