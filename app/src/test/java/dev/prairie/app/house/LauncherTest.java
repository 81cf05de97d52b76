package dev.prairie.app.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The {@code prairie} script itself, in a copy of the house whose JDK and Maven are fakes. */
class LauncherTest {
    private static final Path ROOT = Path.of(System.getProperty("prairie.root"));

    @TempDir
    Path folder;

    private Path house;
    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void build() throws IOException {
        house = folder.resolve("a house");
        Script.write(house.resolve("prairie"), Files.readString(ROOT.resolve("prairie")));
        Script.write(house.resolve(".mvn/jdk25.sh"), Files.readString(ROOT.resolve(".mvn/jdk25.sh")));
        Files.writeString(house.resolve("pom.xml"), "<project/>");
        Files.createDirectories(house.resolve("app/src/main/java"));
        Files.writeString(house.resolve("app/pom.xml"), "<project/>");
        fakeMaven(0, "[INFO] Building app 0.1.0  [1/1]");
        Path jdk = Script.fakeJdk(folder.resolve("the jdk"), "25.0.3");
        environment.put("JAVA_HOME", jdk.toString());
    }

    @Test
    void buildsOnFirstUseAndThenNoMore() throws Exception {
        Script.Result first = prairie("version");
        Script.Result second = prairie("version");

        assertThat(first.code()).isZero();
        assertThat(first.err()).startsWith("prairie: building (first use) …").doesNotContain("\r");
        assertThat(second).isEqualTo(new Script.Result(0, first.out(), ""));
        assertThat(builds()).isOne();
        assertThat(house.resolve(".prairie/build.lock")).doesNotExist();
    }

    @Test
    void peersAreBuiltForThoseWhoAskForThem() throws Exception {
        prairie("version");
        Files.createDirectories(house.resolve("peers/target"));
        Script.Result first = prairie("bench", "training", "--peers");
        Script.Result second = prairie("bench", "--peers");
        prairie("version");

        assertThat(first.err()).startsWith("prairie: building (first use) …");
        assertThat(second.err()).isEmpty();
        assertThat(Files.readAllLines(house.resolve("builds.txt")))
                .satisfiesExactly(
                        plain -> assertThat(plain).doesNotContain("-Ppeers"),
                        peers -> assertThat(peers).contains("-Ppeers").endsWith("package"));
    }

    @Test
    void buildsAgainWhenASourceIsNewerOrGone() throws Exception {
        Path source = Files.writeString(house.resolve("app/src/main/java/A.java"), "class A {}");
        prairie();
        FileTime later = FileTime.from(Instant.now().plusSeconds(5));

        Files.setLastModifiedTime(source, later);
        assertThat(prairie().err()).startsWith("prairie: building (sources changed) …");
        Files.setLastModifiedTime(source, FileTime.from(Instant.EPOCH));
        assertThat(prairie().err()).isEmpty();
        Files.delete(source);
        Files.setLastModifiedTime(source.getParent(), later);
        assertThat(prairie().err()).isNotEmpty();
        assertThat(builds()).isEqualTo(3);
    }

    @Test
    void failedBuildShowsItsEndAndItsLog() throws Exception {
        fakeMaven(1, "[ERROR] A.java:[3,1] cannot find symbol");

        Script.Result result = prairie("version");

        assertThat(result.code()).isOne();
        assertThat(result.out()).isEmpty();
        assertThat(result.err())
                .contains("the build failed", house + "/.prairie/build.log", "A.java:[3,1] cannot find symbol");
        assertThat(house.resolve(".prairie/build.lock")).doesNotExist();
        fakeMaven(0, "");
        assertThat(prairie("version").code()).isZero();
    }

    @Test
    void lockOfADeadBuildIsTakenOver() throws Exception {
        Path lock = Files.createDirectories(house.resolve(".prairie/build.lock"));
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        Files.writeString(lock.resolve("pid"), dead.pid() + "\n");

        assertThat(prairie().code()).isZero();
        assertThat(builds()).isOne();
        assertThat(lock).doesNotExist();
    }

    @Test
    void twoAtOnceBuildOnce() throws Exception {
        fakeMaven(0, "slow'; sleep 0.5; echo 'built");
        var command = List.of("sh", "-c", "\"$1\" a & \"$1\" b; wait", "sh", house + "/prairie");

        Script.Result result = Script.run(folder, environment, command);

        assertThat(result.code()).isZero();
        assertThat(result.out()).contains("<a>", "<b>");
        assertThat(result.err()).contains("waiting for another build");
        assertThat(builds()).isOne();
    }

    @Test
    void startsFromAnyFolderThroughALinkAndKeepsArguments() throws Exception {
        Path other = Files.createDirectories(folder.resolve("other place"));
        Files.createSymbolicLink(other.resolve("first link"), house.resolve("prairie"));
        Files.createSymbolicLink(other.resolve("li nk"), Path.of("first link"));

        Script.Result result =
                Script.run(other, environment, List.of("./li nk", "run", "a  b", "", "*", "--seed=\"1\""));

        assertThat(result.out().lines())
                .containsSubsequence(
                        "<--module-path>",
                        "<" + house.toRealPath() + "/app/target/lib>",
                        "<--module>",
                        "<dev.prairie.app/dev.prairie.app.Main>",
                        "<run>",
                        "<a  b>",
                        "<>",
                        "<*>",
                        "<--seed=\"1\">");
    }

    @Test
    void optionsOfTheUserComeAfterOurs() throws Exception {
        environment.put("PRAIRIE_JAVA_OPTS", "-Xmx3g -XX:+UseZGC");

        assertThat(prairie().out().lines())
                .containsSubsequence("<-XX:+UseSerialGC>", "<-Xmx3g>", "<-XX:+UseZGC>", "<--module>");
    }

    @Test
    void nativeAccessIsForTheCpuModuleAlone() throws Exception {
        assertThat(prairie().out().lines().filter(line -> line.contains("native-access")))
                .containsExactly("<--enable-native-access=dev.prairie.cpu>");
        try (Stream<Path> manifests = Files.walk(ROOT, 2)) {
            assertThat(manifests.filter(file -> file.endsWith("pom.xml")))
                    .allSatisfy(pom -> assertThat(pom).content().doesNotContain("Enable-Native-Access"));
        }
    }

    @Test
    void signalReachesJava() throws Exception {
        prairie();
        // exec keeps the process: the number of the shell that became the launcher is that of java.
        Script.write(folder.resolve("the jdk/bin/java"), "#!/bin/sh\necho $$\n");
        var command = List.of("sh", "-c", "echo $$; exec \"$1\"", "sh", house + "/prairie");

        List<String> numbers =
                Script.run(folder, environment, command).out().lines().toList();

        assertThat(numbers).hasSize(2);
        assertThat(numbers.get(1)).isEqualTo(numbers.get(0));
    }

    @Test
    void noJdkIsOneClearMessage() throws Exception {
        Script.write(
                house.resolve(".mvn/jdk25.sh"),
                Files.readString(ROOT.resolve(".mvn/jdk25.sh")) + "\njdk25_places() { :; }\n");
        environment.put(
                "JAVA_HOME", Script.fakeJdk(folder.resolve("old"), "17.0.15").toString());

        Script.Result result = prairie("version");

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.err()).contains("no JDK 25 found", "17.0.15");
        assertThat(builds()).isZero();
    }

    private Script.Result prairie(String... arguments) throws IOException, InterruptedException {
        var command = Stream.concat(Stream.of(house + "/prairie"), Stream.of(arguments))
                .toList();
        return Script.run(folder, environment, command);
    }

    /** A Maven that says one line, makes the lib folder and notes that it ran. */
    private void fakeMaven(int code, String line) throws IOException {
        Script.write(house.resolve("mvnw"), """
                #!/bin/sh
                echo '%s'
                echo "$*" >> builds.txt
                mkdir -p app/target/lib
                exit %d
                """.formatted(line, code));
    }

    private long builds() throws IOException {
        Path file = house.resolve("builds.txt");
        return Files.exists(file) ? Files.readAllLines(file).size() : 0;
    }
}
