package dev.prairie.text.grammar;

import java.util.Map;
import java.util.Set;

/**
 * The formats of strings, as patterns that allow nothing that the standards do not, and less where they are wide: no leap
 * seconds, plain names in addresses, web addresses only.
 *
 * @see <a href="https://json-schema.org/draft/2020-12/json-schema-validation#section-7.3">JSON Schema's formats</a>
 */
final class Formats {
    private static final String LEAP_YEAR =
            "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
    private static final String DATE = "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
            + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|" + LEAP_YEAR + "-02-29)";
    private static final String TIME =
            "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";
    /** At most 63 characters, no two hyphens in a row, since some of those names are reserved. */
    private static final String LABEL = "[A-Za-z0-9]{1,15}(?:-[A-Za-z0-9]{1,15}){0,3}";

    private static final String HOST = LABEL + "(?:\\." + LABEL + "){0,2}";
    private static final String BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private static final String IPV4 = BYTE + "(?:\\." + BYTE + "){3}";
    private static final String ATOM = "[A-Za-z0-9_+-]{1,20}";
    private static final String PATH = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";
    private static final String CLOCK = "T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)";

    private static final Map<String, String> PATTERNS = Map.ofEntries(
            Map.entry("date", DATE),
            Map.entry("time", TIME),
            Map.entry("date-time", DATE + "T" + TIME),
            Map.entry(
                    "duration",
                    "P(?:[0-9]+W|(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)(?:" + CLOCK + ")?|"
                            + CLOCK + ")"),
            Map.entry("email", ATOM + "(?:\\." + ATOM + "){0,2}@" + HOST),
            Map.entry("hostname", HOST),
            Map.entry("ipv4", IPV4),
            Map.entry("ipv6", ipv6()),
            Map.entry("uuid", "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
            Map.entry(
                    "uri",
                    "https?://" + HOST + "(?::[1-9][0-9]{0,3})?(?:/" + PATH + "*)*(?:\\?(?:" + PATH + "|[/?])*)?(?:#(?:"
                            + PATH + "|[/?])*)?"));

    /** Formats of the standard that no pattern is given for; other words are notes and say nothing. */
    private static final Set<String> UNSUPPORTED = Set.of(
            "idn-email",
            "idn-hostname",
            "uri-reference",
            "iri",
            "iri-reference",
            "uri-template",
            "json-pointer",
            "relative-json-pointer",
            "regex");

    private Formats() {}

    /** The pattern of a format, from beginning to end; empty for a word that says nothing. */
    static java.util.Optional<String> pattern(Schema schema) {
        String format = schema.node().path("format").asString("");
        if (UNSUPPORTED.contains(format)) {
            throw schema.wrong("format", "'" + format + "' is not among " + new java.util.TreeSet<>(PATTERNS.keySet()));
        }
        return java.util.Optional.ofNullable(PATTERNS.get(format)).map(pattern -> "^(?:" + pattern + ")$");
    }

    /** Eight groups, or fewer around one "::". */
    private static String ipv6() {
        String group = "[0-9A-Fa-f]{1,4}";
        StringBuilder pattern = new StringBuilder("(?:" + group + ":){7}" + group + "|::");
        for (int before = 0; before <= 6; before++) {
            for (int after = 0; before + after <= 6; after++) {
                if (before + after > 0) {
                    pattern.append('|');
                    pattern.append(before == 0 ? "" : group + "(?::" + group + "){" + (before - 1) + "}");
                    pattern.append("::");
                    pattern.append(after == 0 ? "" : group + "(?::" + group + "){" + (after - 1) + "}");
                }
            }
        }
        return pattern.toString();
    }
}
