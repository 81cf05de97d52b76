package dev.prairie.app.hub;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * A file as a hub lists it.
 *
 * @param path   inside the model, segments separated by {@code /}
 * @param size   in bytes, where the list says it
 * @param sha256 in lower case, where the list says it
 */
public record RemoteFile(String path, OptionalLong size, Optional<String> sha256) {
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final int LONGEST = 512;

    /** @throws HubException if the path would lead out of a folder, or the size is none */
    public RemoteFile {
        boolean inside = !path.isEmpty()
                && path.length() <= LONGEST
                && path.chars().noneMatch(c -> c < ' ' || c == '\\' || c == ':' || c == 0x7f)
                && List.of(path.split("/", -1)).stream().noneMatch(s -> s.isEmpty() || s.equals(".") || s.equals(".."));
        if (!inside)
            throw new HubException("the hub lists a file '" + path + "', which is no path inside a model; nothing was"
                    + " fetched: do not use this hub");
        if (size.isPresent() && size.getAsLong() < 0)
            throw new HubException("the hub lists " + path + " with " + size.getAsLong()
                    + " bytes; nothing was fetched: do not use this hub");
        sha256 = sha256.map(s -> s.toLowerCase(Locale.ROOT))
                .filter(s -> SHA256.matcher(s).matches());
    }

    /** Its name without folders. */
    String fileName() {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
