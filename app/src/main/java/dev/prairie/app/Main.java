package dev.prairie.app;

import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The {@code prairie} command. Each subcommand is a class of this package; to add one, write it and name it in the list
 * below.
 *
 * <p>A user's mistake ends with two lines on standard error, what is wrong and what to do, and exit code 2. Anything else
 * that goes wrong is ours: a stack trace and exit code 1.
 */
@Command(
        name = "prairie",
        description = "Trains, runs and serves language models on this machine.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionCommand.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            QuickstartCommand.class,
            TrainCommand.class,
            RunCommand.class,
            TokenizeCommand.class,
            ServeCommand.class,
            KeysCommand.class,
            PullCommand.class,
            ModelsCommand.class,
            ConvertCommand.class,
            PerplexityCommand.class,
            DoctorCommand.class,
            BenchCommand.class,
            VersionCommand.class
        },
        footer = {"", "Begin with: prairie quickstart"})
public final class Main implements Runnable {
    static final int USER_ERROR = 2;
    private static final int OUR_ERROR = 1;

    @Spec
    private CommandSpec spec;

    private Main() {
        spec = CommandSpec.create(); // picocli puts the real one here
    }

    /** Runs the command and ends with its exit code. */
    public static void main(String[] args) {
        int code = execute(args);
        if (!Interrupt.stopping()) System.exit(code); // else the JVM is ending already, and waits for this thread
    }

    static int execute(String... args) {
        return new CommandLine(new Main())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(Main::wrongUse)
                .setExecutionExceptionHandler((failure, command, parsed) -> failed(failure, command.getErr()))
                .execute(args);
    }

    /** The version of this build. */
    static String version() {
        return Optional.ofNullable(Main.class.getModule().getDescriptor())
                .flatMap(ModuleDescriptor::rawVersion)
                .orElse("development");
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    private static int wrongUse(ParameterException wrong, String[] args) {
        CommandLine command = wrong.getCommandLine();
        say(
                command.getErr(),
                String.valueOf(wrong.getMessage()),
                "see " + command.getCommandSpec().qualifiedName() + " --help");
        return USER_ERROR;
    }

    private static int failed(Exception failure, PrintWriter err) {
        if (!(failure instanceof UserException
                || failure instanceof IllegalArgumentException
                || failure instanceof UncheckedIOException
                || failure instanceof dev.prairie.train.loop.TrainingException)) {
            err.println("prairie: this is a fault of prairie's own, please report it with what follows:");
            failure.printStackTrace(err);
            return OUR_ERROR;
        }
        String message = failure instanceof UncheckedIOException io
                ? io.getMessage() + " (" + io.getCause() + ")"
                : String.valueOf(failure.getMessage());
        int end = message.indexOf("; ");
        if (end < 0) say(err, message, "see prairie --help");
        else say(err, message.substring(0, end), message.substring(end + 2));
        return USER_ERROR;
    }

    private static void say(PrintWriter err, String what, String wayOut) {
        err.println("prairie: " + what);
        err.println("         " + wayOut);
        err.flush();
    }
}
