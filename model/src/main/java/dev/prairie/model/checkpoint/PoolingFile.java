package dev.prairie.model.checkpoint;

import dev.prairie.model.transformer.HeadForm.Pooling;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Map;

/**
 * How an encoder makes one vector of a text: {@code 1_Pooling/config.json} beside config.json, as the library
 * sentence-transformers writes it. Where there is no such file, the mean is taken.
 */
final class PoolingFile {
    /** Our own key in config.json: what a model that we saved does. */
    static final String KEY = "pooling_mode";

    private static final String FILE = "1_Pooling/config.json";
    private static final Map<String, Pooling> MODES = Map.of(
            "pooling_mode_cls_token", Pooling.FIRST,
            "pooling_mode_mean_tokens", Pooling.MEAN,
            "pooling_mode_lasttoken", Pooling.LAST);

    private PoolingFile() {}

    /** What the files of a model say whose config.json is {@code config}. */
    static Pooling pooling(ConfigNode config) {
        if (config.given(KEY)) {
            for (Pooling pooling : Pooling.values()) if (name(pooling).equals(config.text(KEY, ""))) return pooling;
            throw config.wrong(KEY, "none, mean, first or last");
        }
        Path file = config.file().resolveSibling(FILE);
        if (!Files.isRegularFile(file)) return Pooling.MEAN;
        try {
            return modes(new ConfigNode(file, Json.object(file, FILE, Files.readAllBytes(file), ConfigNode.HINT)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String name(Pooling pooling) {
        return pooling.name().toLowerCase(Locale.ROOT);
    }

    private static Pooling modes(ConfigNode node) {
        var asked = new ArrayList<String>();
        node.node().propertyNames().forEach(key -> {
            if (key.startsWith("pooling_mode_") && node.flag(key, false)) asked.add(key);
        });
        Pooling pooling = asked.size() == 1 ? MODES.get(asked.getFirst()) : null;
        if (pooling == null)
            throw new CheckpointException(
                    node.file(),
                    "pooling",
                    "one of " + MODES.keySet().stream().sorted().toList(),
                    asked + "",
                    "other ways of pooling are not supported");
        return pooling;
    }
}
