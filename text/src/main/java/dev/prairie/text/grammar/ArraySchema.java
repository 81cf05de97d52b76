package dev.prairie.text.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** What schemas say of arrays: the first items each on its own, then the others, between two counts. */
final class ArraySchema {
    /** Of so many values an automaton remembers which were there: a state for each of 1,024 sets. */
    private static final int FEW = 10;

    private final SchemaReader reader;
    private final List<Schema> way;
    private final int least;
    private final int most;
    /** How many of the first items have schemas of their own. */
    private final int first;

    ArraySchema(SchemaReader reader, List<Schema> way) {
        this.reader = reader;
        this.way = way;
        int fewest = 0;
        int end = Integer.MAX_VALUE;
        int own = 0;
        boolean spoken = false;
        for (Schema schema : way) {
            fewest = Math.max(fewest, schema.count("minItems").orElse(0));
            end = Math.min(end, schema.count("maxItems").orElse(Integer.MAX_VALUE));
            own = Math.max(own, prefix(schema).size());
            spoken |= rest(schema).isPresent();
        }
        least = fewest;
        first = own;
        most = own > 0 && !spoken ? Math.min(end, Math.max(own, least)) : end;
    }

    /** The schemas of the first items, in the words of 2020-12 or of earlier drafts. */
    private static List<Schema> prefix(Schema schema) {
        List<Schema> prefix = schema.list("prefixItems");
        return prefix.isEmpty() ? schema.list("items") : prefix;
    }

    /** The schema of the items after the first ones. */
    private static Optional<Schema> rest(Schema schema) {
        if (schema.node().path("items").isArray()) {
            return schema.at("additionalItems");
        }
        // A "prefixItems" that is no list is a slip that others read as "items".
        Optional<Schema> slip =
                schema.at("prefixItems").filter(said -> said.node().isObject());
        return schema.has("items") ? schema.at("items") : slip;
    }

    private List<Schema> item(int index) {
        List<Schema> all = new ArrayList<>();
        for (Schema schema : way) {
            List<Schema> prefix = prefix(schema);
            if (index < prefix.size()) {
                all.add(prefix.get(index));
            } else {
                rest(schema).ifPresent(all::add);
            }
        }
        return all;
    }

    Expr expression() {
        if (most < least) {
            return Expr.NOTHING;
        }
        Optional<Schema> unique = way.stream()
                .filter(schema -> schema.node().path("uniqueItems").asBoolean(false))
                .findFirst();
        if (unique.isPresent() && most > 1) {
            Optional<List<JsonNode>> values = first > 0 ? Optional.empty() : reader.fewValues(item(0), FEW);
            if (values.isPresent()) {
                return JsonText.bracketed("[", each(values.get()), "]");
            }
            if (first > 0 || !isOpenEnded()) {
                throw unique.get()
                        .wrong(
                                "uniqueItems",
                                "it is only kept for items of at most " + FEW + " different values, and left"
                                        + " to the model for strings, numbers, objects and arrays; give 'items' a type");
            }
        }
        return JsonText.bracketed("[", counted(), "]");
    }

    /** Whether the items are of a declared type that has no end of values. */
    private boolean isOpenEnded() {
        List<Schema> items = item(0);
        if (items.isEmpty()) {
            return false;
        }
        return reader.ways(items).stream()
                .noneMatch(each -> each.stream().anyMatch(schema -> schema.has("enum") || schema.has("const"))
                        || reader.emitted(each).isEmpty());
    }

    private Expr counted() {
        GraphBuilder graph = new GraphBuilder();
        int end = most == Integer.MAX_VALUE ? Math.max(least, first) : most;
        int at = graph.state();
        for (int i = 0; ; i++) {
            if (i >= least) {
                graph.end(at);
            }
            if (i == end) {
                break;
            }
            int next = graph.state();
            graph.edge(at, following(i > 0, reader.value(item(i))), next);
            at = next;
        }
        if (most == Integer.MAX_VALUE) {
            Expr item = reader.value(item(end));
            int loop = graph.state();
            graph.edge(at, following(end > 0, item), loop);
            graph.edge(loop, following(true, item), loop);
            graph.end(loop);
        }
        return graph.graph();
    }

    /** Different values: a state for each set of values that were there. */
    private Expr each(List<JsonNode> values) {
        GraphBuilder graph = new GraphBuilder();
        int sets = 1 << values.size();
        for (int set = 0; set < sets; set++) {
            graph.state();
        }
        for (int set = 0; set < sets; set++) {
            int count = Integer.bitCount(set);
            if (count >= least && count <= most) {
                graph.end(set);
            }
            for (int i = 0; i < values.size() && count < most; i++) {
                if ((set >> i & 1) == 0) {
                    graph.edge(set, following(count > 0, JsonText.constant(values.get(i))), set | 1 << i);
                }
            }
        }
        return graph.graph();
    }

    private static Expr following(boolean comma, Expr item) {
        return comma ? Expr.sequence(JsonText.comma(), item) : item;
    }
}
