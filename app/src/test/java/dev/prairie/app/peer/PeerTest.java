package dev.prairie.app.peer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeerTest {
    @TempDir
    Path house;

    @Test
    void peerThatWasNotBuiltIsTwoLines() {
        assertThatThrownBy(() -> Peer.start(house, 2).close())
                .isInstanceOf(PeerException.class)
                .hasMessage("peer: " + house.resolve("peers/target") + " holds no built peer; build it with"
                        + " ./mvnw -Ppeers -Dmaven.test.skip=true package, or use ./prairie, which does");
    }
}
