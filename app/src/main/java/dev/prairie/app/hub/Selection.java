package dev.prairie.app.hub;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which files of a model are needed to run it: its configuration, its tokenizer, and its weights once: as safetensors, and
 * neither pickles nor ONNX beside them.
 */
final class Selection {
    private static final Set<String> BESIDE_WEIGHTS = Set.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "vocab.txt",
            "tokenizer.model",
            "spiece.model",
            "sentencepiece.bpe.model",
            "chat_template.json",
            "chat_template.jinja",
            // Of models that embed texts: how the vectors of the tokens become one.
            "modules.json",
            "sentence_bert_config.json",
            "config_sentence_transformers.json",
            "1_Pooling/config.json");
    private static final Pattern USUAL_WEIGHTS =
            Pattern.compile("model(-\\d{5}-of-\\d{5})?\\.safetensors(\\.index\\.json)?");
    private static final Pattern PART = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");
    private static final int SHOWN = 20;

    private Selection() {}

    /** Of all files of a model those that are meant. */
    static List<RemoteFile> of(ModelName model, List<RemoteFile> files) {
        return model.selector().isPresent() ? selected(model, model.selector().get(), files) : runnable(model, files);
    }

    private static List<RemoteFile> runnable(ModelName model, List<RemoteFile> files) {
        Predicate<RemoteFile> weights =
                matching(files, f -> USUAL_WEIGHTS.matcher(f.path()).matches())
                        ? f -> USUAL_WEIGHTS.matcher(f.path()).matches()
                        : f -> f.path().matches("[^/]+\\.safetensors(\\.index\\.json)?");
        if (matching(files, weights))
            return files.stream()
                    .filter(f -> BESIDE_WEIGHTS.contains(f.path()) || weights.test(f))
                    .toList();
        Map<String, List<RemoteFile>> models = ggufs(files);
        if (models.size() == 1) return complete(models.values().iterator().next());
        if (models.isEmpty())
            throw new HubException(model.whole() + " holds no weights that can be run (safetensors, GGUF); name a file"
                    + " with " + model.whole() + ":FILE, there are: "
                    + shown(files.stream().map(RemoteFile::path).toList()));
        throw new HubException(model.whole() + " holds " + models.size() + " GGUF models; choose one with "
                + model.whole() + ":FILE or the end of its name, as in :Q4_K_M, there are: "
                + shown(List.copyOf(models.keySet())));
    }

    private static boolean matching(List<RemoteFile> files, Predicate<RemoteFile> wanted) {
        return files.stream().anyMatch(f -> wanted.test(f) && f.path().endsWith(".safetensors"));
    }

    private static List<RemoteFile> selected(ModelName model, String selector, List<RemoteFile> files) {
        Map<String, List<RemoteFile>> models = ggufs(files);
        for (RemoteFile file : files)
            if (file.path().equals(selector)) {
                return PART.matcher(selector).matches()
                        ? complete(models.getOrDefault(whole(selector), List.of(file)))
                        : List.of(file);
            }
        List<RemoteFile> exact = models.getOrDefault(selector, List.of());
        if (!exact.isEmpty()) return complete(exact);
        List<RemoteFile> named =
                files.stream().filter(f -> f.fileName().equals(selector)).toList();
        if (named.size() == 1)
            return of(
                    new ModelName(
                            model.owner(),
                            model.name(),
                            Optional.of(named.getFirst().path())),
                    files);
        List<String> tagged =
                models.keySet().stream().filter(name -> tagged(name, selector)).toList();
        if (tagged.size() == 1) return complete(models.getOrDefault(tagged.getFirst(), List.of()));
        List<String> choices = tagged.isEmpty()
                ? models.isEmpty() ? files.stream().map(RemoteFile::path).toList() : List.copyOf(models.keySet())
                : tagged;
        throw new HubException(model.whole() + " has " + (tagged.isEmpty() ? "no" : "more than one") + " file '"
                + selector + "'; give one of: " + shown(choices));
    }

    /** Whether a name has the tag between marks, {@code Q4_K_M} but not {@code Q4_K} in {@code a-Q4_K_M.gguf}. */
    static boolean tagged(String name, String tag) {
        return Pattern.compile("(^|[-./])" + Pattern.quote(tag.toLowerCase(Locale.ROOT)) + "($|[-./])")
                .matcher(name.toLowerCase(Locale.ROOT))
                .find();
    }

    /** GGUF models by name; one in parts is one, without the numbers. Projectors for images are not models. */
    private static Map<String, List<RemoteFile>> ggufs(List<RemoteFile> files) {
        return files.stream()
                .filter(f -> f.path().endsWith(".gguf") && !f.fileName().startsWith("mmproj"))
                .collect(Collectors.groupingBy(f -> whole(f.path()), TreeMap::new, Collectors.toList()));
    }

    /** A GGUF file's name without the numbers of a part. */
    static String whole(String path) {
        Matcher part = PART.matcher(path);
        return part.matches() ? part.group(1) + ".gguf" : path;
    }

    private static List<RemoteFile> complete(List<RemoteFile> parts) {
        Matcher first = PART.matcher(parts.getFirst().path());
        if (first.matches() && Integer.parseInt(first.group(3)) != parts.size())
            throw new HubException(whole(parts.getFirst().path()) + " has " + parts.size() + " of its "
                    + Integer.parseInt(first.group(3)) + " parts on the hub; choose another file");
        List<RemoteFile> sorted = new ArrayList<>(parts);
        sorted.sort(Comparator.comparing(RemoteFile::path));
        return sorted;
    }

    private static String shown(List<String> names) {
        return names.stream().limit(SHOWN).collect(Collectors.joining(", "))
                + (names.size() > SHOWN ? " and " + (names.size() - SHOWN) + " more" : "");
    }
}
