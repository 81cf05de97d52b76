package dev.prairie.app;

import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "bench",
        description = "Measures this machine; without a COMMAND, all that there is to measure.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "[COMMAND]",
        subcommands = {
            BenchOperatorsCommand.class,
            BenchTrainingCommand.class,
            BenchInferenceCommand.class,
            BenchServingCommand.class
        })
final class BenchCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--json", description = "Lines of JSON instead.")
    private boolean json;

    @Override
    public Integer call() {
        for (CommandLine bench : spec.subcommands().values()) {
            int code = Objects.requireNonNull(bench).execute(json ? new String[] {"--json"} : new String[0]);
            if (code != 0) return code;
        }
        return 0;
    }
}
