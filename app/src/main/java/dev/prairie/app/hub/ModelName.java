package dev.prairie.app.hub;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a model is called on a hub, and which of its files is meant.
 *
 * @param owner    letters, digits, {@code . _ -}, beginning with a letter or digit
 * @param name     the same
 * @param selector a file of the model or what its weights are stored as, {@code Q4_K_M}
 */
public record ModelName(String owner, String name, Optional<String> selector) {
    private static final Pattern FORM =
            Pattern.compile("([A-Za-z0-9][\\w.-]{0,95})/([A-Za-z0-9][\\w.-]{0,95})(?::(.+))?", Pattern.DOTALL);

    /** Whether this could name a model: {@code OWNER/NAME} or {@code OWNER/NAME:FILE}. */
    public static boolean fits(String text) {
        return FORM.matcher(text).matches();
    }

    /**
     * The model that a text names.
     *
     * @throws HubException if it is of another form
     */
    public static ModelName of(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches())
            throw new HubException("'" + text + "' names no model; write OWNER/NAME, or OWNER/NAME:FILE");
        return new ModelName(matcher.group(1), matcher.group(2), Optional.ofNullable(matcher.group(3)));
    }

    /** {@code OWNER/NAME}. */
    public String whole() {
        return owner + "/" + name;
    }

    @Override
    public String toString() {
        return whole() + selector.map(s -> ":" + s).orElse("");
    }
}
