package dev.prairie.train.loop;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Recipes in and out of YAML, derived from the record alone: a new component of {@link Recipe} is a new key, with its
 * type checked, its default written and its line in the help.
 */
public final class Recipes {
    private static final YAMLMapper YAML = YAMLMapper.builder().build();
    private static final long LARGEST = 1 << 20;

    private Recipes() {}

    /** A key with what people need to know of it. */
    public record Key(String name, String type, String standard, String doc) {}

    /** All keys in order. */
    public static List<Key> keys() {
        return Arrays.stream(Recipe.class.getRecordComponents())
                .map(c -> new Key(c.getName(), typeOf(c), text(value(c, Recipe.DEFAULTS)), docOf(c)))
                .toList();
    }

    /** A recipe file; what it leaves out keeps its default. */
    public static Recipe read(Path file) {
        String text;
        try {
            if (Files.size(file) > LARGEST)
                throw new RecipeException(file + ": " + Files.size(file) + " bytes are too many for a recipe (at most "
                        + LARGEST + "); is it the corpus?");
            text = Files.readString(file);
        } catch (IOException failure) {
            throw new RecipeException("recipe " + file + " cannot be read (" + failure + ")");
        }
        JsonNode tree;
        try {
            tree = YAML.readTree(text);
        } catch (JacksonException failure) {
            throw new RecipeException(file + ": not YAML: " + failure.getOriginalMessage());
        }
        if (tree == null || tree.isMissingNode() || tree.isNull()) return Recipe.DEFAULTS;
        if (!tree.isObject()) throw new RecipeException(file + ": a recipe is a list of `key: value` lines");
        var values = new LinkedHashMap<String, JsonNode>();
        tree.properties().forEach(e -> values.put(e.getKey(), e.getValue()));
        return changed(Recipe.DEFAULTS, values);
    }

    /** This recipe with some keys changed, values written as in a recipe file. */
    public static Recipe with(Recipe recipe, Map<String, String> changes) {
        var values = new LinkedHashMap<String, JsonNode>();
        changes.forEach((key, value) -> {
            try {
                boolean plain = isText(key) && !value.matches("\\s*[\\[\"].*"); // *.java would be an alias
                values.put(key, plain ? JsonMapper.shared().valueToTree(value) : YAML.readTree(value));
            } catch (JacksonException failure) {
                throw new RecipeException("recipe: " + key + ": " + failure.getOriginalMessage());
            }
        });
        return changed(recipe, values);
    }

    private static boolean isText(String key) {
        return Arrays.stream(Recipe.class.getRecordComponents())
                .anyMatch(c -> c.getName().equals(key) && (c.getType() == String.class || c.getType() == List.class));
    }

    /** Every key with its value, as a recipe file that reads back as this recipe. */
    public static String yaml(Recipe recipe) {
        var out = new StringBuilder();
        for (RecordComponent c : Recipe.class.getRecordComponents())
            out.append(c.getName()).append(": ").append(text(value(c, recipe))).append('\n');
        return out.toString();
    }

    /** As YAML, but for a checkpoint. */
    static Recipe parse(String yaml) {
        var values = new LinkedHashMap<String, JsonNode>();
        YAML.readTree(yaml).properties().forEach(e -> values.put(e.getKey(), e.getValue()));
        return changed(Recipe.DEFAULTS, values);
    }

    private static Recipe changed(Recipe recipe, Map<String, JsonNode> changes) {
        RecordComponent[] components = Recipe.class.getRecordComponents();
        List<String> names =
                Arrays.stream(components).map(RecordComponent::getName).toList();
        for (String key : changes.keySet())
            if (!names.contains(key))
                throw new RecipeException("recipe: unknown key " + key + "; did you mean " + nearest(key, names)
                        + "? (prairie train --keys lists them all)");
        var arguments = new ArrayList<Object>();
        for (RecordComponent c : components) {
            JsonNode changed = changes.get(c.getName());
            arguments.add(changed == null ? value(c, recipe) : convert(c, changed));
        }
        try {
            Class<?>[] types =
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class[]::new);
            Constructor<Recipe> constructor = Recipe.class.getDeclaredConstructor(types);
            return constructor.newInstance(arguments.toArray());
        } catch (InvocationTargetException failure) {
            if (failure.getCause() instanceof IllegalArgumentException wrong)
                throw new RecipeException(String.valueOf(wrong.getMessage()));
            throw new IllegalStateException("recipe", failure);
        } catch (ReflectiveOperationException failure) {
            throw new IllegalStateException("recipe", failure);
        }
    }

    private static Object convert(RecordComponent c, JsonNode v) {
        Class<?> type = c.getType();
        if (type == int.class && v.isIntegralNumber() && v.canConvertToInt()) return v.intValue();
        if (type == long.class && v.isIntegralNumber() && v.canConvertToLong()) return v.longValue();
        if (type == float.class && v.isNumber()) return v.floatValue();
        // YAML 1.1 takes 1e-3 for a string, people take it for a number.
        if (type == float.class && v.isString() && v.stringValue().matches("[-+]?[0-9.]+[eE][-+]?[0-9]+"))
            return Float.parseFloat(v.stringValue());
        if (type == boolean.class && v.isBoolean()) return v.booleanValue();
        if (type == String.class && (v.isString() || v.isNumber())) return v.asString();
        if (type == List.class && v.isArray() && v.valueStream().allMatch(JsonNode::isString))
            return v.valueStream().map(JsonNode::stringValue).toList();
        if (type == List.class && v.isString()) return List.of(v.stringValue());
        if (type.isEnum())
            for (Object constant : type.getEnumConstants())
                if (v.isString() && constant.toString().equalsIgnoreCase(v.stringValue())) return constant;
        throw new RecipeException("recipe: " + c.getName() + " is " + v + "; it must be " + typeOf(c) + " such as "
                + text(value(c, Recipe.DEFAULTS)));
    }

    private static Object value(RecordComponent c, Recipe recipe) {
        try {
            return c.getAccessor().invoke(recipe);
        } catch (ReflectiveOperationException failure) {
            throw new IllegalStateException(c.getName(), failure);
        }
    }

    private static String text(Object value) {
        return switch (value) {
            case Enum<?> e -> e.name().toLowerCase(Locale.ROOT);
            case Float f -> Float.toString(f).replaceAll("\\.0$", "");
            case String s -> JsonMapper.shared().writeValueAsString(s);
            case List<?> list -> JsonMapper.shared().writeValueAsString(list);
            default -> value.toString();
        };
    }

    private static String typeOf(RecordComponent c) {
        Class<?> type = c.getType();
        if (type.isEnum())
            return Arrays.stream(type.getEnumConstants()).map(Recipes::text).collect(Collectors.joining(" or "));
        if (type == int.class || type == long.class) return "a whole number";
        if (type == float.class) return "a number";
        if (type == boolean.class) return "true or false";
        return type == List.class ? "a list of texts" : "a text";
    }

    private static String docOf(RecordComponent c) {
        Doc doc = c.getAnnotation(Doc.class);
        return doc == null ? "" : doc.value();
    }

    private static String nearest(String key, List<String> names) {
        return names.stream()
                .min(Comparator.comparingInt(
                        name -> distance(key.toLowerCase(Locale.ROOT), name.toLowerCase(Locale.ROOT))))
                .orElseThrow();
    }

    /** Insertions, deletions and replacements between two words (Levenshtein 1965). */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) row[j] = j;
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }

    /** As a JSON tree, for {@code run.json}. */
    static ObjectNode json(Recipe recipe) {
        ObjectNode node = JsonMapper.shared().createObjectNode();
        for (RecordComponent c : Recipe.class.getRecordComponents()) {
            Object v = value(c, recipe);
            node.set(c.getName(), JsonMapper.shared().valueToTree(v instanceof Enum<?> ? text(v) : v));
        }
        return node;
    }
}
