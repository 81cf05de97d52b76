package dev.prairie.app;

import dev.prairie.serve.access.Key;
import dev.prairie.serve.access.KeyFile;
import dev.prairie.serve.access.Limits;
import dev.prairie.serve.api.Scope;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

@Command(
        name = "keys",
        description = "Makes, lists and takes back the keys that prairie serve lets in.",
        mixinStandardHelpOptions = true,
        subcommands = {KeysCommand.Create.class, KeysCommand.ListKeys.class, KeysCommand.Revoke.class},
        footer = {
            "",
            "Without a command: list. Keys are kept as hashes in ~/.prairie/keys.json, or in keys.json below PRAIRIE_HOME;",
            "a server that runs sees changes within a second. What each uses is written into usage/ beside the file."
        })
final class KeysCommand implements Callable<Integer> {
    /** Which file, and how it is told. */
    static final class Common {
        @Spec(Spec.Target.MIXEE)
        private CommandSpec spec = CommandSpec.create();

        @Option(names = "--keys", paramLabel = "FILE", description = "Default: ~/.prairie/keys.json.")
        @Nullable
        private Path keys;

        @Option(names = "--json", description = "A line of JSON for each key.")
        private boolean json;

        KeyFile file() {
            return new KeyFile(keys == null ? AccessOptions.defaultKeys() : keys);
        }

        PrintWriter out() {
            return spec.commandLine().getOut();
        }
    }

    @Mixin
    private Common common = new Common();

    @Override
    public Integer call() {
        return list(common);
    }

    private static int list(Common common) {
        List<Key> keys = common.file().read();
        PrintWriter out = common.out();
        Instant now = Instant.now();
        for (Key key : keys) {
            if (common.json) out.println(json(key, now));
            else
                out.printf(
                        "%-24s %-8s %-24s %s%s%n",
                        key.name(),
                        state(key, now),
                        words(key.scopes()),
                        limits(key.limits()),
                        key.expires() == null ? "" : "  until " + key.expires());
        }
        if (keys.isEmpty() && !common.json) out.println("no keys here; make one with prairie keys create NAME");
        out.flush();
        return 0;
    }

    private static String state(Key key, Instant now) {
        return key.revoked() != null ? "revoked" : key.usable(now) ? "usable" : "expired";
    }

    private static String words(Set<Scope> scopes) {
        return scopes.stream().sorted().map(Scope::word).collect(Collectors.joining(","));
    }

    private static String limits(Limits limits) {
        List<String> all = List.of(
                limits.requestsPerMinute() == 0 ? "" : limits.requestsPerMinute() + " requests/min",
                limits.tokensPerMinute() == 0 ? "" : limits.tokensPerMinute() + " tokens/min",
                limits.tokensPerDay() == 0 ? "" : limits.tokensPerDay() + " tokens/day");
        String some = all.stream().filter(limit -> !limit.isEmpty()).collect(Collectors.joining(", "));
        return some.isEmpty() ? "no limits" : some;
    }

    /** {@code {"name","tenant","state","scopes","created","expires","revoked",…limits}}. */
    private static ObjectNode json(Key key, Instant now) {
        ObjectNode line = JsonMapper.shared().createObjectNode();
        line.put("name", key.name());
        line.put("tenant", key.tenant());
        line.put("state", state(key, now));
        var scopes = line.putArray("scopes");
        key.scopes().stream().sorted().map(Scope::word).forEach(scopes::add);
        line.put("created", key.created().toString());
        line.put("expires", key.expires() == null ? null : key.expires().toString());
        line.put("revoked", key.revoked() == null ? null : key.revoked().toString());
        line.put("requests_per_minute", key.limits().requestsPerMinute());
        line.put("tokens_per_minute", key.limits().tokensPerMinute());
        line.put("tokens_per_day", key.limits().tokensPerDay());
        return line;
    }

    @Command(
            name = "create",
            description = "Makes one and prints it, this once.",
            mixinStandardHelpOptions = true,
            footer = {
                "",
                "Examples:",
                "  prairie keys create alice --requests-per-minute 60 --tokens-per-day 1000000",
                "  prairie keys create grafana --scope observe --expires 90d"
            })
    static final class Create implements Callable<Integer> {
        @Mixin
        private Common common = new Common();

        @Parameters(index = "0", paramLabel = "NAME", description = "Whose it is, in logs and counts.")
        private String name = "";

        @Option(
                names = "--tenant",
                paramLabel = "NAME",
                description = "Keys of one tenant share cached prompts. Default: the key's name.")
        @Nullable
        private String tenant;

        @Option(
                names = "--scope",
                split = ",",
                paramLabel = "SCOPE",
                description = "generate, embed, observe: one or more. Default: generate,embed.")
        private List<String> scopes = List.of("generate", "embed");

        @Option(names = "--expires", paramLabel = "WHEN", description = "A day such as 2027-01-31, or in days: 90d.")
        @Nullable
        private String expires;

        @Option(names = "--requests-per-minute", paramLabel = "N", description = "Default: no limit.")
        private long requestsPerMinute;

        @Option(
                names = "--tokens-per-minute",
                paramLabel = "N",
                description = "Prompt and answer together. Default: no limit.")
        private long tokensPerMinute;

        @Option(names = "--tokens-per-day", paramLabel = "N", description = "In a day of UTC. Default: no limit.")
        private long tokensPerDay;

        @Override
        public Integer call() {
            Set<Scope> wanted = EnumSet.noneOf(Scope.class);
            scopes.forEach(word -> wanted.add(KeyFile.scope(word)));
            KeyFile.Made made = common.file()
                    .create(
                            name,
                            tenant == null ? name : tenant,
                            wanted,
                            expires == null ? null : expiry(expires),
                            new Limits(requestsPerMinute, tokensPerMinute, tokensPerDay));
            PrintWriter out = common.out();
            if (common.json) out.println(json(made.key(), Instant.now()).put("key", made.secret()));
            else out.println(made.secret());
            out.flush();
            if (!common.json)
                new Terminal()
                        .note("This is the only time that the key is shown. Send it as Authorization: Bearer KEY.");
            return 0;
        }

        private static Instant expiry(String text) {
            try {
                Instant when = text.endsWith("d")
                        ? Instant.now()
                                .truncatedTo(ChronoUnit.SECONDS)
                                .plus(Long.parseLong(text.substring(0, text.length() - 1)), ChronoUnit.DAYS)
                        : LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC);
                if (when.isAfter(Instant.now())) return when;
            } catch (DateTimeException | ArithmeticException | NumberFormatException unreadable) {
                throw new UserException("--expires is " + text + "; give a day such as 2027-01-31, or days as 90d");
            }
            throw new UserException("--expires is " + text + ", which has passed; give a day that is to come");
        }
    }

    @Command(name = "list", description = "Lists them, without the keys themselves.", mixinStandardHelpOptions = true)
    static final class ListKeys implements Callable<Integer> {
        @Mixin
        private Common common = new Common();

        @Override
        public Integer call() {
            return list(common);
        }
    }

    @Command(name = "revoke", description = "Takes one back, at once.", mixinStandardHelpOptions = true)
    static final class Revoke implements Callable<Integer> {
        @Mixin
        private Common common = new Common();

        @Parameters(index = "0", paramLabel = "NAME", description = "A key that is in use.")
        private String name = "";

        @Override
        public Integer call() {
            common.file().revoke(name);
            PrintWriter out = common.out();
            if (common.json) out.println(JsonMapper.shared().createObjectNode().put("revoked", name));
            else out.println("revoked " + name);
            out.flush();
            return 0;
        }
    }
}
