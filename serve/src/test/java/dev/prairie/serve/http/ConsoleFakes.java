package dev.prairie.serve.http;

/** What the console's pages are given where a test is of the page and not of the server. */
final class ConsoleFakes {
    private ConsoleFakes() {}

    /** A streamed chat answer of all parts: reasoning, tokens with probabilities, a call, usage. */
    static final String CHAT = event("{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}")
            + event("{\"delta\":{\"reasoning_content\":\"They want the capital.\"},\"finish_reason\":null}")
            + token("The", 0.9, "A", 0.05)
            + token(" capital", 0.99, " city", 0.004)
            + token(" is", 0.6, " of", 0.3)
            + token(" Paris", 0.05, " Lyon", 0.8)
            + token(".\\n", 0.7, "!", 0.2)
            + event("{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"type\":\"function\",\"function\":"
                    + "{\"name\":\"weather\",\"arguments\":\"{\\\"city\\\":\"}}]},\"finish_reason\":null}")
            + event("{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"Paris\\\"}\"}}]},"
                    + "\"finish_reason\":null}")
            + event("{\"delta\":{},\"finish_reason\":\"tool_calls\"}")
            + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":9,\"total_tokens\":21,"
            + "\"prompt_tokens_details\":{\"cached_tokens\":8}}}\n\ndata: [DONE]\n\n";

    static final String USAGE = """
            {"days":30,"kept":true,"keys":[
              {"key":"alice","today":%1$s},"total":%2$s},"by_day":[%1$s,"day":"2026-11-25"},%1$s,"day":"2026-11-24"}]},
              {"key":"bob","today":%1$s},"total":%1$s},"by_day":[%1$s,"day":"2026-11-25"}]}]}""".formatted(used(3, 1200), used(75, 34567));

    private static String used(int requests, int tokens) {
        return "{\"requests\":" + requests + ",\"failures\":1,\"prompt_tokens\":" + tokens
                + ",\"cached_tokens\":40,\"completion_tokens\":" + tokens / 3;
    }

    private static String token(String text, double p, String other, double otherP) {
        String chosen = "{\"token\":\"" + text + "\",\"logprob\":" + Math.log(p) + ",\"bytes\":null";
        String rival = "{\"token\":\"" + other + "\",\"logprob\":" + Math.log(otherP) + ",\"bytes\":null}";
        return event("{\"delta\":{\"content\":\"" + text + "\"},\"logprobs\":{\"content\":[" + chosen
                + ",\"top_logprobs\":[" + rival + "," + chosen + "}]}]},\"finish_reason\":null}");
    }

    private static String event(String choice) {
        return "data: {\"choices\":[{\"index\":0," + choice.substring(1) + "],\"usage\":null}\n\n";
    }

    /** A look at a server with one model. */
    static String live(
            long time, long steps, int running, int waiting, int used, long generated, long prompt, long cached) {
        return """
                {"time":%d,"uptime":%d,"draining":false,"open":3,"requests":120,"failures":2,
                 "models":[{"model":"scripted","running":%d,"waiting":%d,"waiting_tokens":%d,"blocks":512,"used_blocks":%d,
                   "cached_blocks":90,"block_tokens":32,"steps":%d,"prompt_tokens":%d,"cached_tokens":%d,
                   "completion_tokens":%d,"preemptions":0,"drafted_tokens":200,"accepted_tokens":130,"failures":0,
                   "model_seconds":1.5,"sampling_seconds":0.1,"scheduling_seconds":0.01}],
                 "first_token":{"count":4,"seconds":0.5},"per_token":{"count":300,"seconds":9.3},
                 "request":{"count":3,"seconds":0.9},"heap_used":123456789,"heap_max":456789012}""".formatted(time, 60 + steps, running, waiting, 100 * waiting, used, steps, prompt, cached, generated);
    }
}
