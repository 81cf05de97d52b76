package dev.prairie.app.hub;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where models come from.
 *
 * @param base  http or https, without a query
 * @param kinds how it may be spoken to, tried in this order
 * @param token who asks; goes to {@code base}'s host and port alone
 */
public record HubAddress(URI base, List<HubKind> kinds, Optional<String> token) {
    /** Name of the setting that holds the address. */
    public static final String SETTING = "PRAIRIE_HUB";

    private static final URI HUGGING_FACE = URI.create("https://huggingface.co");
    private static final URI MODELSCOPE = URI.create("https://www.modelscope.cn");

    /**
     * The hub that a text means: {@code hf}, {@code modelscope}, an address, or {@code hf:ADDRESS} and
     * {@code modelscope:ADDRESS} where it should not be found out which of the two forms it has.
     *
     * @param given       what was asked for, if anything; else {@value #SETTING}, else Hugging Face
     * @param givenToken  who asks; else {@code PRAIRIE_HUB_TOKEN}, else {@code HF_TOKEN} for all but ModelScope
     * @param environment of the process
     * @throws HubException if the text is none of these
     */
    public static HubAddress of(Optional<String> given, Optional<String> givenToken, Map<String, String> environment) {
        String text = given.or(() -> setting(environment, SETTING)).orElse("hf");
        Optional<String> own = givenToken.or(() -> setting(environment, "PRAIRIE_HUB_TOKEN"));
        if (text.equals("modelscope")) return new HubAddress(MODELSCOPE, List.of(HubKind.MODELSCOPE), own);
        if (text.startsWith("modelscope:"))
            return new HubAddress(base(text.substring("modelscope:".length())), List.of(HubKind.MODELSCOPE), own);
        // As Hugging Face's own tools do, whose endpoint can be another too.
        Optional<String> token = own.or(() -> setting(environment, "HF_TOKEN"));
        if (text.equals("hf")) return new HubAddress(HUGGING_FACE, List.of(HubKind.HUGGING_FACE), token);
        if (text.startsWith("hf:"))
            return new HubAddress(base(text.substring(3)), List.of(HubKind.HUGGING_FACE), token);
        return new HubAddress(base(text), List.of(HubKind.values()), token);
    }

    private static Optional<String> setting(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).map(String::strip).filter(s -> !s.isEmpty());
    }

    private static URI base(String text) {
        try {
            URI uri = new URI(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
            if (("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
                    && uri.getHost() != null
                    && uri.getUserInfo() == null
                    && uri.getQuery() == null
                    && uri.getFragment() == null) return uri;
        } catch (URISyntaxException none) {
            // said below
        }
        throw new HubException("'" + text + "' is no hub; give hf, modelscope, or an address that begins with http://"
                + " or https://");
    }
}
