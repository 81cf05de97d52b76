package dev.prairie.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/** A missing thing skips a test, or fails it where it is demanded. */
class DemandTest {
    @TempDir
    Path folder;

    @Test
    void demandsAreKindsBetweenCommas() {
        assertThat(Demand.demanded("data, browser", "browser")).isTrue();
        assertThat(Demand.demanded("database", "data")).isFalse();
        assertThat(Demand.demanded(null, "data")).isFalse();
    }

    @Test
    void missingThingSkipsUnlessDemanded() {
        assertThatThrownBy(() -> Demand.met("browser", Optional.empty(), "no browser", null))
                .isInstanceOf(TestAbortedException.class)
                .hasMessageContaining("no browser");
        assertThatThrownBy(() -> Demand.met("browser", Optional.empty(), "no browser", "data,browser"))
                .isInstanceOf(AssertionError.class)
                .hasMessage("no browser (demanded by PRAIRIE_DEMAND)");
        assertThat(Demand.met("browser", Optional.of(folder), "no browser", "browser"))
                .isEqualTo(folder);
    }

    @Test
    void environmentNamesTheDataBeforeTheFolderBesideTheRepository() throws Exception {
        Files.createFile(folder.resolve("cases.json"));
        var environment = Map.of("PRAIRIE_DATA", folder.toString());

        assertThat(Demand.findData(environment, "")).contains(folder);
        assertThat(Demand.findData(environment, "cases.json")).contains(folder.resolve("cases.json"));
        assertThat(Demand.findData(environment, "other.json")).isEmpty();
    }

    @Test
    void programIsTheFirstExecutableNameOnThePath() throws Exception {
        Path plain = Files.createDirectories(folder.resolve("a"));
        Path bin = Files.createDirectories(folder.resolve("b"));
        Files.createFile(plain.resolve("chromium"));
        Path chrome = Files.createFile(bin.resolve("chrome"));
        assertThat(chrome.toFile().setExecutable(true)).isTrue();

        assertThat(Demand.findProgram(plain + ":" + bin, List.of("chromium", "chrome")))
                .contains(chrome);
        assertThat(Demand.findProgram(plain.toString(), List.of("chromium"))).isEmpty();
        assertThat(Demand.findProgram(null, List.of("chromium"))).isEmpty();
    }

    @Test
    void platformSkipsWithTheWordThatIsAllowed() {
        assertThatCode(() -> Demand.platform(true, "AVX-512")).doesNotThrowAnyException();
        assertThatThrownBy(() -> Demand.platform(false, "AVX-512"))
                .isInstanceOf(TestAbortedException.class)
                .hasMessage("platform: this machine lacks AVX-512");
    }
}
