package dev.prairie.text.grammar;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * What schemas say of objects: properties in the order in which they are named, each left out if it need not be there,
 * then properties of other names. As an automaton it remembers which property is next and, where it matters, how many
 * there were.
 */
final class ObjectSchema {
    private final SchemaReader reader;
    private final List<Schema> way;
    /** What all schemas say of each named property; empty if one forbids it. */
    private final Map<String, Optional<List<Schema>>> properties = new LinkedHashMap<>();

    private final Set<String> required = new LinkedHashSet<>();
    /** What holds for properties of other names; empty if there are none. */
    private final Optional<List<Schema>> others;

    private int least;
    private int most = Integer.MAX_VALUE;

    ObjectSchema(SchemaReader reader, List<Schema> way) {
        this.reader = reader;
        this.way = way;
        Set<String> names = new LinkedHashSet<>();
        boolean named = false;
        boolean spoken = false;
        for (Schema schema : way) {
            JsonNode own = schema.node().get("properties");
            if (own != null) {
                named = true;
                names.addAll(own.propertyNames());
            }
            spoken |= schema.has("additionalProperties");
            least = Math.max(least, schema.count("minProperties").orElse(0));
            most = Math.min(most, schema.count("maxProperties").orElse(Integer.MAX_VALUE));
            for (JsonNode name : schema.node().path("required")) {
                required.add(name.asString(""));
            }
        }
        names.addAll(required);
        names.forEach(name -> properties.put(name, property(name)));
        others = named && !spoken ? Optional.empty() : together(List.of());
    }

    private Optional<List<Schema>> property(String name) {
        return together(List.of(name));
    }

    /** What all schemas say of a property; without a name, of those that none names. */
    private Optional<List<Schema>> together(List<String> name) {
        List<Schema> all = new ArrayList<>();
        for (Schema schema : way) {
            Optional<Schema> own = name.stream()
                    .flatMap(known -> schema.at("properties", known).stream())
                    .findFirst();
            Optional<Schema> said = own.isPresent() ? own : schema.at("additionalProperties");
            if (said.isPresent()
                    && said.get().node().isBoolean()
                    && !said.get().node().asBoolean()) {
                return Optional.empty();
            }
            said.ifPresent(all::add);
        }
        return Optional.of(all);
    }

    Expr expression() {
        if (most < least
                || required.stream()
                        .anyMatch(name ->
                                properties.getOrDefault(name, Optional.empty()).isEmpty())) {
            return Expr.NOTHING;
        }
        return JsonText.bracketed("{", content(), "}");
    }

    private Expr content() {
        List<String> names = new ArrayList<>(properties.keySet());
        boolean open = others.isPresent();
        int mostCounted = !open && most >= names.size() ? Integer.MAX_VALUE : most;
        int leastCounted = least <= required.size() ? Math.min(least, 1) : least;
        if (open && mostCounted < Integer.MAX_VALUE && leastCounted > 1) {
            throw way.stream()
                    .filter(schema -> schema.has("minProperties"))
                    .findFirst()
                    .orElseThrow()
                    .wrong(
                            "minProperties",
                            "together with 'maxProperties' and properties of any name it is not counted");
        }
        boolean bounded = mostCounted < Integer.MAX_VALUE;
        // At least two levels: before the first property there is no comma.
        int levels = 1 + Math.max(1, bounded ? mostCounted : leastCounted);
        if (bounded && mostCounted == 0) {
            return Expr.EMPTY;
        }
        GraphBuilder graph = new GraphBuilder();
        int[][] states = new int[names.size() + 2][levels];
        for (int[] row : states) {
            for (int level = 0; level < levels; level++) {
                row[level] = graph.state();
            }
        }
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            Optional<List<Schema>> schemas = properties.getOrDefault(name, Optional.empty());
            Optional<Expr> pair = schemas.map(said -> pair(new Expr.Text(JsonText.quote(name)), said));
            for (int level = 0; level < levels; level++) {
                if (!required.contains(name)) {
                    graph.edge(states[i][level], Expr.EMPTY, states[i + 1][level]);
                }
                boolean room = !bounded || level + 1 < levels;
                if (pair.isPresent() && room) {
                    graph.edge(
                            states[i][level],
                            following(level, pair.get()),
                            states[i + 1][Math.min(level + 1, levels - 1)]);
                }
            }
        }
        others(graph, states, names.size(), levels, bounded);
        for (int level = leastCounted; level < levels; level++) {
            graph.end(states[names.size()][level]);
            graph.end(states[names.size() + 1][level]);
        }
        return graph.graph();
    }

    /** Properties of other names. Two of them may have the same name, and count as one only where few are asked for. */
    private void others(GraphBuilder graph, int[][] states, int last, int levels, boolean bounded) {
        if (others.isEmpty()) {
            return;
        }
        Expr pair = pair(JsonText.stringOtherThan(properties.keySet()), others.get());
        for (int level = 0; level < levels; level++) {
            if (!bounded || level + 1 < levels) {
                Expr label = following(level, pair);
                graph.edge(states[last][level], label, states[last + 1][Math.min(level + 1, levels - 1)]);
                graph.edge(states[last + 1][level], label, states[last + 1][bounded ? level + 1 : level]);
            }
        }
    }

    private Expr pair(Expr name, List<Schema> schemas) {
        return Expr.sequence(name, new Expr.Text(":"), JsonText.SPACE, reader.value(schemas));
    }

    private static Expr following(int level, Expr pair) {
        return level == 0 ? pair : Expr.sequence(JsonText.comma(), pair);
    }
}
