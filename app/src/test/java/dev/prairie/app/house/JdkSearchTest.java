package dev.prairie.app.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which JDK {@code .mvn/jdk25.sh} takes, among fake ones. */
class JdkSearchTest {
    private static final Path SCRIPT = Path.of(System.getProperty("prairie.root"), ".mvn", "jdk25.sh");

    // The usual places of the machine are left out, so that only the fakes count.
    private static final String SEARCH =
            ". \"$1\"; fakes=$2; jdk25_places() { for d in \"$fakes\"/*; do jdk25_consider \"$d\"; done; };"
                    + " jdk25_find || exit; echo \"$JDK25\"";

    @TempDir
    Path places;

    @ParameterizedTest
    @ValueSource(strings = {"25.0.3", "25.0.10", "25.1", "25.0.3.1", "25.0.4-ea"})
    void takesAFixedJdk25(String version) throws Exception {
        Path home = Script.fakeJdk(places.resolve("a jdk"), version);

        assertThat(search(Map.of())).isEqualTo(new Script.Result(0, home + "\n", ""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.8.0_442", "17.0.15", "25", "25.0.2", "25.0.2.9", "26", "26.0.3", "250.0.3"})
    void refusesEveryOther(String version) throws Exception {
        Path home = Script.fakeJdk(places.resolve("a jdk"), version);

        Script.Result result = search(Map.of());

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).contains("25.0.3 or newer", home.toRealPath() + " (" + version + ")");
    }

    @ParameterizedTest
    @CsvSource({"25.0.4,25.0.3", "25.0.10,25.0.9", "25.1.0,25.0.30", "25.0.3,25.0.2", "25.0.3,26.0.1"})
    void takesTheNewestPatch(String better, String worse) throws Exception {
        Script.fakeJdk(places.resolve("a"), worse);
        Path home = Script.fakeJdk(places.resolve("b"), better);
        Script.fakeJdk(places.resolve("c"), worse);

        assertThat(search(Map.of()).out()).isEqualTo(home + "\n");
    }

    @Test
    void javaHomeGoesBeforeANewerPatch(@TempDir Path elsewhere) throws Exception {
        Script.fakeJdk(places.resolve("newer"), "25.0.9");
        Path told = Script.fakeJdk(elsewhere.resolve("told"), "25.0.3");

        assertThat(search(Map.of("JAVA_HOME", told.toString())).out()).isEqualTo(told + "\n");
    }

    @Test
    void unsuitableJavaHomeIsPassedOver(@TempDir Path elsewhere) throws Exception {
        Path home = Script.fakeJdk(places.resolve("good"), "25.0.3");
        Path old = Script.fakeJdk(elsewhere.resolve("old"), "17.0.15");

        assertThat(search(Map.of("JAVA_HOME", old.toString()))).isEqualTo(new Script.Result(0, home + "\n", ""));
    }

    @Test
    void runtimeWithoutCompilerIsRefused() throws Exception {
        Path home = Script.fakeJdk(places.resolve("jre"), "25.0.3");
        Files.delete(home.resolve("bin/javac"));

        Script.Result result = search(Map.of());

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.err()).contains("a runtime without javac");
    }

    @Test
    void linksToOneJdkAreListedOnce() throws IOException, InterruptedException {
        Path home = Script.fakeJdk(places.resolve("java-17"), "17.0.15");
        Files.createSymbolicLink(places.resolve("default"), home);

        assertThat(search(Map.of()).err()).containsOnlyOnce("17.0.15");
    }

    @Test
    void nothingFoundSaysSo() throws Exception {
        assertThat(search(Map.of()).err()).contains("No other JDK was found", "set JAVA_HOME");
    }

    @Test
    void usualPlacesIncludePathAndHome(@TempDir Path home) throws Exception {
        Path onPath = Script.fakeJdk(home.resolve("any where"), "25.0.900");
        Path inHome = Script.fakeJdk(home.resolve(".jdks/temurin"), "25.0.901");
        Path sdkman = Script.fakeJdk(home.resolve(".sdkman/candidates/java/25.0.902-tem"), "25.0.902");
        var environment = new HashMap<>(Map.of("PATH", "/usr/bin:/bin"));
        String find = ". \"$1\"; jdk25_find; echo \"$JDK25\"";

        environment.put("PATH", onPath.resolve("bin") + ":/usr/bin:/bin");
        assertThat(shell(environment, find).out()).isEqualTo(onPath.toRealPath() + "\n");
        environment.put("HOME", home.toString());
        assertThat(shell(environment, find).out()).isEqualTo(sdkman + "\n");
        Files.delete(sdkman.resolve("release"));
        assertThat(shell(environment, find).out()).isEqualTo(inHome + "\n");
    }

    private Script.Result search(Map<String, String> environment) throws IOException, InterruptedException {
        return shell(environment, SEARCH);
    }

    private Script.Result shell(Map<String, String> environment, String text) throws IOException, InterruptedException {
        return Script.run(places, environment, List.of("sh", "-euc", text, "sh", SCRIPT.toString(), places.toString()));
    }
}
