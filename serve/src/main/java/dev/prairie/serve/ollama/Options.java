package dev.prairie.serve.ollama;

import dev.prairie.model.generate.Sampling;
import dev.prairie.serve.api.ApiException;
import dev.prairie.serve.api.Decoding;
import dev.prairie.serve.api.DecodingFields;
import dev.prairie.serve.api.Fields;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Reads {@code options}: names, ranges and what is meant when nothing is said, as
 * <a href="https://docs.ollama.com/modelfile#valid-parameters-and-values">Ollama's parameters</a>, but that no repetition is
 * penalised unless it is asked for.
 */
final class Options {
    private static final float TEMPERATURE = 0.8f;
    private static final int TOP_K = 40;
    private static final float TOP_P = 0.9f;

    private Options() {}

    static Decoding read(Fields request) {
        Fields given = request.fields("options");
        Fields options = given == null ? new Fields(JsonNodeFactory.instance.objectNode()) : given;
        long seed = options.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE).orElse(-1);
        Sampling sampling = Sampling.DEFAULT
                .withTemperature(options.number("temperature", TEMPERATURE, 0, 2))
                .withLimits(
                        (int) options.integer("top_k", 0, Integer.MAX_VALUE).orElse(TOP_K),
                        options.positive("top_p", TOP_P, 1),
                        options.number("min_p", 0, 0, 1),
                        options.positive("typical_p", 1, 1))
                .withPenalties(
                        options.positive("repeat_penalty", 1, 10),
                        options.number("presence_penalty", 0, -2, 2),
                        options.number("frequency_penalty", 0, -2, 2))
                .withSeed(seed == -1 ? ThreadLocalRandom.current().nextLong() : seed);
        long predict = options.integer("num_predict", -2, Integer.MAX_VALUE).orElse(-1);
        if (predict == 0) {
            throw ApiException.invalid(options.name("num_predict"), "0, give -1 (as many as fit) or at least 1");
        }
        options.unsupported("mirostat");
        if (options.number("tfs_z", 1, 0, 10) != 1) {
            throw ApiException.unsupported(options.name("tfs_z"), "only 1, which is off, is supported");
        }
        // How a model is laid out in memory is the server's own affair.
        options.accept(
                "num_ctx",
                "num_batch",
                "num_gpu",
                "main_gpu",
                "num_thread",
                "num_keep",
                "use_mmap",
                "use_mlock",
                "low_vram",
                "numa",
                "f16_kv",
                "vocab_only",
                "logits_all",
                "penalize_newline",
                "repeat_last_n",
                "mirostat_tau",
                "mirostat_eta");
        Decoding decoding = Decoding.DEFAULT
                .withSampling(sampling)
                .withStop(DecodingFields.stop(options, "stop"))
                .withMaxTokensThatFit(predict < 0 ? OptionalLong.empty() : OptionalLong.of(predict));
        options.end();
        return decoding;
    }
}
