package dev.prairie.serve.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.serve.api.Scope;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys at rest. */
@Timeout(60)
final class KeyFileTest {
    private static final Set<Scope> SCOPES = Set.of(Scope.GENERATE, Scope.OBSERVE);

    @TempDir
    Path folder;

    private KeyFile file() {
        return new KeyFile(folder.resolve("own/keys.json"));
    }

    @Test
    void aKeyIsKeptAsItsHashAndForItsOwnersEyesAlone() throws Exception {
        Instant expires = Instant.parse("2099-01-01T00:00:00Z");
        KeyFile.Made made = file().create("alice", "house", SCOPES, expires, new Limits(1, 2, 3));
        assertThat(made.secret()).matches("prairie-[A-Za-z0-9_-]{43}");
        String text = Files.readString(file().path());
        assertThat(text)
                .contains(made.key().hash())
                .doesNotContain(made.secret().substring(8));
        assertThat(file().read()).containsExactly(made.key());
        assertThat(made.key().limits()).isEqualTo(new Limits(1, 2, 3));
        assertThat(made.key().expires()).isEqualTo(expires);
        if (Files.getFileStore(folder).supportsFileAttributeView("posix")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file().path())))
                    .isEqualTo("rw-------");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("own"))))
                    .isEqualTo("rwx------");
        }
    }

    @Test
    void aNameIsOnceInUseAndFreeAgainWhenRevoked() {
        KeyFile.Made first = file().create("alice", "alice", SCOPES, null, Limits.NONE);
        assertThatThrownBy(() -> file().create("alice", "alice", SCOPES, null, Limits.NONE))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("alice is in use; revoke it first");
        file().revoke("alice");
        assertThatThrownBy(() -> file().revoke("alice")).hasMessageContaining("no usable key is named alice");
        KeyFile.Made second = file().create("alice", "alice", SCOPES, null, Limits.NONE);
        assertThat(second.secret()).isNotEqualTo(first.secret());
        Keys keys = new Keys(file());
        assertThat(keys.find(first.secret()))
                .hasValueSatisfying(key -> assertThat(key.usable(Instant.now())).isFalse());
        assertThat(keys.find(second.secret()))
                .hasValueSatisfying(key -> assertThat(key.usable(Instant.now())).isTrue());
        assertThat(keys.find("prairie-")).isEmpty();
        assertThat(keys.find(second.key().hash())).isEmpty(); // who has read the file has no key
    }

    @Test
    void manyAtOnceLoseNone() throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            String name = "key" + i;
            threads.add(Thread.startVirtualThread(() -> file().create(name, name, SCOPES, null, Limits.NONE)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        Set<String> names = new HashSet<>();
        file().read().forEach(key -> names.add(key.name()));
        assertThat(names).hasSize(8);
        try (var left = Files.list(folder.resolve("own"))) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("keys.json", "keys.json.lock");
        }
    }

    @Test
    void aFileThatIsBeingWrittenChangesNothingAndOneThatIsGoneLetsNobodyIn() throws Exception {
        KeyFile.Made alice = file().create("alice", "alice", SCOPES, null, Limits.NONE);
        Keys keys = new Keys(file());
        String whole = Files.readString(file().path());
        Files.writeString(file().path(), whole.substring(0, whole.length() / 2));
        Thread.sleep(600);
        assertThat(keys.find(alice.secret())).isPresent();
        Files.writeString(file().path(), whole);
        KeyFile.Made bob = file().create("bob", "bob", SCOPES, null, Limits.NONE);
        Thread.sleep(600);
        assertThat(keys.find(bob.secret())).isPresent();
        Files.delete(file().path());
        Thread.sleep(600);
        assertThat(keys.find(alice.secret())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "{\"keys\": {}}",
                "{\"keys\": [{}]}",
                "{\"keys\": [{\"name\":\"a\",\"tenant\":\"a\",\"sha256\":\"00\",\"scopes\":[\"generate\"],"
                        + "\"created\":\"2027-01-01T00:00:00Z\"}]}",
                "{\"keys\": [{\"name\":\"a\",\"tenant\":\"a\",\"sha256\":\"HASH\",\"scopes\":[\"everything\"],"
                        + "\"created\":\"2027-01-01T00:00:00Z\"}]}",
                "{\"keys\": [{\"name\":\"a\",\"tenant\":\"a\",\"sha256\":\"HASH\",\"scopes\":[\"generate\"],"
                        + "\"created\":\"2027-01-01T00:00:00Z\", \"expires\": \"soon\"}]}",
                "{\"keys\": [{\"name\":\"a\",\"tenant\":\"a\",\"sha256\":\"HASH\",\"scopes\":[\"generate\"],"
                        + "\"created\":\"2027-01-01T00:00:00Z\", \"revoked\": true}]}",
                "{\"keys\": [{\"name\":\"a\",\"tenant\":\"a\",\"sha256\":\"HASH\",\"scopes\":[\"generate\"],"
                        + "\"created\":\"2027-01-01T00:00:00Z\", \"tokens_per_day\": -1}]}",
            })
    void whatCannotBeReadLetsNobodyIn(String text) throws Exception {
        Path file = folder.resolve("keys.json");
        Files.writeString(file, text.replace("HASH", "ab".repeat(32)));
        assertThatThrownBy(() -> Gate.keyed(new KeyFile(file)))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("cannot be read")
                .hasMessageContaining("; repair the file");
    }

    @Test
    void withoutAUsableKeyThereIsNoGate() {
        assertThatThrownBy(() -> Gate.keyed(file())).hasMessageContaining("; create one with prairie keys create");
        file().create("late", "late", SCOPES, Instant.now().minusSeconds(1), Limits.NONE);
        assertThatThrownBy(() -> Gate.keyed(file())).hasMessageContaining("no usable one");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "a\nb", ".a", "ä", "a\"b"})
    void namesAreFitForALog(String name) {
        assertThatThrownBy(() -> file().create(name, "t", SCOPES, null, Limits.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot be used; give");
    }
}
