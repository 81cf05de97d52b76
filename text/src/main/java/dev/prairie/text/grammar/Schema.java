package dev.prairie.text.grammar;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** One schema of a document and where it stands: two of one place are one. */
record Schema(JsonNode node, String pointer) {

    /** The schema under a keyword. */
    Optional<Schema> at(String keyword) {
        JsonNode child = node.get(keyword);
        return child == null ? Optional.empty() : Optional.of(new Schema(child, pointer + "/" + escaped(keyword)));
    }

    /** The schema under a keyword that holds several by name. */
    Optional<Schema> at(String keyword, String name) {
        return at(keyword).flatMap(map -> map.at(name));
    }

    /** The schemas of a keyword that holds a list. */
    List<Schema> list(String keyword) {
        List<Schema> found = new ArrayList<>();
        JsonNode list = node.get(keyword);
        for (int i = 0; list != null && list.isArray() && i < list.size(); i++) {
            found.add(new Schema(list.get(i), pointer + "/" + keyword + "/" + i));
        }
        return found;
    }

    boolean has(String keyword) {
        return node.has(keyword);
    }

    /** A count such as {@code minItems}: a whole number from 0. */
    Optional<Integer> count(String keyword) {
        return number(keyword).map(value -> {
            if (value.signum() < 0 || value.stripTrailingZeros().scale() > 0) {
                throw wrong(keyword, "it must be a whole number from 0, but is " + value);
            }
            return value.min(BigDecimal.valueOf(Integer.MAX_VALUE)).intValue();
        });
    }

    Optional<BigDecimal> number(String keyword) {
        JsonNode value = node.get(keyword);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isNumber()) {
            throw wrong(keyword, "it must be a number, but is " + value);
        }
        BigDecimal number = value.decimalValue();
        if (Math.abs((long) number.precision() - number.scale()) > 40 || number.scale() > 40) {
            throw wrong(keyword, "numbers of more than 40 digits cannot be compared");
        }
        return Optional.of(number);
    }

    UnsupportedSchemaException wrong(String keyword, String why) {
        return new UnsupportedSchemaException(keyword, pointer, why);
    }

    private static String escaped(String key) {
        return key.replace("~", "~0").replace("/", "~1");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Schema schema && pointer.equals(schema.pointer);
    }

    @Override
    public int hashCode() {
        return pointer.hashCode();
    }
}
