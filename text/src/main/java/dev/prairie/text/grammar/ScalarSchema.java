package dev.prairie.text.grammar;

import dev.prairie.text.pattern.CharSet;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What schemas say of strings and numbers. */
final class ScalarSchema {
    private static final Expr ANY = Expr.star(JsonText.spelled(CharSet.ALL));

    private ScalarSchema() {}

    static Expr string(List<Schema> way) {
        int least = 0;
        int most = Integer.MAX_VALUE;
        List<Expr> parts = new ArrayList<>();
        for (Schema schema : way) {
            least = Math.max(least, schema.count("minLength").orElse(0));
            most = Math.min(most, schema.count("maxLength").orElse(Integer.MAX_VALUE));
            if (schema.has("pattern")) {
                parts.add(
                        pattern(schema, "pattern", schema.node().get("pattern").asString("")));
            }
            Formats.pattern(schema).ifPresent(pattern -> parts.add(pattern(schema, "format", pattern)));
        }
        if (most < least) {
            return Expr.NOTHING;
        }
        boolean counted = least > 0 || most < Integer.MAX_VALUE;
        limited(way, "minLength", least);
        int end = most == Integer.MAX_VALUE ? Expr.Repeat.FOREVER : most;
        if (end > GraphBuilder.MOST_STATES) {
            end = GraphBuilder.MOST_STATES; // no answer is as long, and stricter is allowed
        }
        if (parts.isEmpty()) {
            return counted ? JsonText.quoted(new Expr.Repeat(JsonText.CHARACTER, least, end)) : JsonText.STRING;
        }
        if (counted) {
            parts.add(new Expr.Repeat(JsonText.spelled(CharSet.ALL), least, end));
        }
        Expr all = parts.getFirst();
        for (Expr part : parts.subList(1, parts.size())) {
            all = new Expr.Both(all, part);
        }
        return JsonText.quoted(all);
    }

    private static void limited(List<Schema> way, String word, int least) {
        if (least > Thompson.MOST_LEAST) {
            Schema schema =
                    way.stream().filter(one -> one.has(word)).findFirst().orElseThrow();
            throw schema.wrong(word, "at least " + least + " is more than " + Thompson.MOST_LEAST);
        }
    }

    private static Expr pattern(Schema schema, String word, String pattern) {
        try {
            return RegexReader.found(pattern, JsonText::spelled, ANY);
        } catch (GrammarException fault) {
            throw schema.wrong(word, String.valueOf(fault.getMessage()));
        }
    }

    static Expr number(List<Schema> way, boolean whole) {
        Optional<BigDecimal> least = Optional.empty();
        Optional<BigDecimal> most = Optional.empty();
        Optional<BigDecimal> multiple = Optional.empty();
        boolean above = false;
        boolean below = false;
        for (Schema schema : way) {
            for (String word : List.of("minimum", "exclusiveMinimum")) {
                Optional<BigDecimal> own = schema.number(word);
                boolean strict = word.startsWith("ex");
                int order = own.isEmpty() ? -1 : least.map(own.get()::compareTo).orElse(1);
                if (order > 0 || (order == 0 && strict)) {
                    least = own;
                    above = strict;
                }
            }
            for (String word : List.of("maximum", "exclusiveMaximum")) {
                Optional<BigDecimal> own = schema.number(word);
                boolean strict = word.startsWith("ex");
                int order = own.isEmpty() ? 1 : most.map(own.get()::compareTo).orElse(-1);
                if (order < 0 || (order == 0 && strict)) {
                    most = own;
                    below = strict;
                }
            }
            Optional<BigDecimal> step = schema.number("multipleOf");
            if (step.isPresent()) {
                if (step.get().signum() <= 0 || Decimals.tooFine(step.get())) {
                    throw schema.wrong("multipleOf", step.get() + " has too many digits, or is not above 0");
                }
                if (multiple.isPresent() && multiple.get().compareTo(step.get()) != 0) {
                    throw schema.wrong("multipleOf", "two different ones hold for the same number");
                }
                multiple = step;
            }
        }
        if (least.isEmpty() && most.isEmpty() && multiple.isEmpty()) {
            return whole ? JsonText.INTEGER : JsonText.NUMBER;
        }
        return Decimals.between(new Decimals.Range(least, above, most, below, multiple, whole));
    }
}
