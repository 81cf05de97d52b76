package dev.prairie.model.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import tools.jackson.databind.JsonNode;

/**
 * The {@code adapter_config.json} of an adapter in the layout of Hugging Face PEFT; keys, defaults and the meaning of
 * patterns are those of {@code peft/tuners/lora/config.py} and {@code peft/utils/other.py}. What would change the numbers
 * and is not supported is refused, never skipped. Which modules are changed, and of which rank, the tensors say.
 *
 * @param alpha    what scales are made of: {@code alpha / R}
 * @param byRoot   whether it is {@code alpha / √R} instead (Kalajdzievski 2023, arXiv 2312.03732)
 * @param patterns other alphas, of the modules whose names the keys match; the first that does counts
 */
record PeftConfig(Path file, double alpha, boolean byRoot, Map<String, Double> patterns) {
    static final String FILE = "adapter_config.json";

    private static final String HINT =
            "this kind of adapter is not supported; train a plain LoRA, or merge it into its base";

    /** Names, with or without the start of the line. */
    private static final Pattern LITERAL = Pattern.compile("\\^?[\\w.-]+");

    /** What an expression may be made of: nothing whose search could take longer than it is long, a few times over. */
    private static final Pattern EXPRESSION =
            Pattern.compile("(?:[\\w.^$|()-]|\\\\[.dw]\\+?|\\.[*+]|\\[[\\w-]+]\\+?){1,200}");

    private static final int REPEATS = 3, CHOICES = 4, EXPRESSIONS = 64;

    /** Keys that may say nothing but this, or be missing. */
    private static final List<String> EMPTY = List.of(
            "modules_to_save",
            "layer_replication",
            "trainable_token_indices",
            "target_parameters",
            "arrow_config",
            "alora_invocation_tokens",
            "invocation_string");

    private static final List<String> OFF = List.of("use_dora", "use_qalora", "lora_bias", "use_bdlora");

    static PeftConfig read(Path file) throws IOException {
        if (!Files.isRegularFile(file))
            throw new CheckpointException(
                    file, FILE, "the adapter's configuration", "nothing", "it belongs beside " + PeftFolder.FILE);
        return of(file, Files.readAllBytes(file));
    }

    static PeftConfig of(Path file, byte[] text) {
        JsonNode root = Json.object(file, FILE, text, "the file is damaged; fetch it again");
        var node = new ConfigNode(file, root);
        if (!node.text("peft_type", "").equals("LORA")) throw refused(node, "peft_type", "LORA");
        if (!node.text("bias", "none").equals("none")) throw refused(node, "bias", "none");
        for (String key : OFF) if (node.given(key) && node.flag(key, true)) throw refused(node, key, "false");
        for (String key : EMPTY) {
            JsonNode value = root.path(key);
            if (node.given(key) && !(value.isContainer() && value.isEmpty())) throw refused(node, key, "nothing");
        }
        boolean byRoot = node.given("use_rslora") && node.flag("use_rslora", false);
        return new PeftConfig(file, finite(node, "lora_alpha", 8), byRoot, patterns(node.object("alpha_pattern")));
    }

    private static CheckpointException refused(ConfigNode node, String key, String expected) {
        return new CheckpointException(
                node.file(), key, expected, Json.found(node.node().path(key)), HINT);
    }

    private static double finite(ConfigNode node, String key, double missing) {
        double number = node.numberOr(key, missing);
        if (!Double.isFinite(number)) throw node.wrong(key, "a finite number");
        return number;
    }

    private static Map<String, Double> patterns(ConfigNode node) {
        var patterns = new LinkedHashMap<String, Double>();
        int expressions = 0;
        for (String key : node.node().propertyNames()) {
            if (!LITERAL.matcher(key).matches()) {
                expressions++;
                if (!simple(key) || expressions > EXPRESSIONS)
                    throw new CheckpointException(
                            node.file(),
                            "alpha_pattern",
                            "names, or at most " + EXPRESSIONS + " simple expressions",
                            key.length() > 80 ? key.substring(0, 80) + "…" : key,
                            "write the names of the modules out");
            }
            patterns.put(key, finite(node, key, 0));
        }
        return patterns;
    }

    private static boolean simple(String key) {
        if (!EXPRESSION.matcher(key).matches()) return false;
        long repeats = key.chars().filter(c -> c == '*' || c == '+').count();
        long choices = key.chars().filter(c -> c == '|').count();
        if (repeats > REPEATS || choices > CHOICES) return false;
        try {
            Pattern.compile(key);
            return true;
        } catch (PatternSyntaxException notOne) {
            return false;
        }
    }

    /** The scale of a module's matrices, whose rank is {@code rank}. */
    float scale(String module, int rank) {
        double mine = alpha;
        for (var pattern : patterns.entrySet())
            if (matches(pattern.getKey(), module)) {
                mine = pattern.getValue();
                break;
            }
        float scale = (float) (mine / (byRoot ? Math.sqrt(rank) : rank));
        if (!Float.isFinite(scale))
            throw new CheckpointException(
                    file, "lora_alpha", "a scale that is a number", mine + " for rank " + rank, "the file is damaged");
        return scale;
    }

    /** {@code (.*\.)?(KEY)$}, as PEFT looks. */
    private static boolean matches(String key, String module) {
        if (LITERAL.matcher(key).matches())
            return key.startsWith("^")
                    ? module.equals(key.substring(1))
                    : module.equals(key) || module.endsWith("." + key);
        return Pattern.compile("(?:.*\\.)?(?:" + key + ")").matcher(module).matches();
    }
}
