package dev.prairie.serve.responses;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.serve.api.Block;
import dev.prairie.serve.responses.StoredResponses.Stored;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is remembered of answers, for whom, and for how long. */
final class StoredResponsesTest {
    @Test
    void nobodyElseFindsAnAnswer() {
        StoredResponses stored = new StoredResponses(10, 1_000);
        stored.put("a", stored("alice", "m1", 10));
        assertThat(stored.find("alice", "a")).isPresent();
        assertThat(stored.item("alice", "m1")).contains(new Block.Text("m1"));
        assertThat(stored.find("bob", "a")).isEmpty();
        assertThat(stored.item("bob", "m1")).isEmpty();
        assertThat(stored.remove("bob", "a")).isFalse();
        assertThat(stored.remove("alice", "a")).isTrue();
        assertThat(stored.find("alice", "a")).isEmpty();
    }

    @Test
    void theOldestMakeRoom() {
        StoredResponses stored = new StoredResponses(3, 100);
        for (String id : List.of("a", "b", "c", "d")) {
            stored.put(id, stored("", id, 10));
        }
        assertThat(stored.find("", "a")).as("four are too many").isEmpty();
        assertThat(stored.find("", "b")).isPresent();
        stored.put("e", stored("", "e", 85));
        assertThat(stored.find("", "c")).as("105 bytes are too many").isEmpty();
        assertThat(stored.find("", "d")).isPresent();
        assertThat(stored.find("", "e")).isPresent();
        stored.put("f", stored("", "f", 101));
        assertThat(stored.find("", "f")).as("never fits").isEmpty();
        assertThat(stored.find("", "e")).as("and takes nobody's place").isPresent();
    }

    @Test
    void whatIsForgottenIsNotCounted() {
        StoredResponses stored = new StoredResponses(3, 100);
        stored.put("a", stored("", "a", 90));
        stored.remove("", "a");
        stored.put("b", stored("", "b", 90));
        assertThat(stored.find("", "b")).isPresent();
    }

    private static Stored stored(String tenant, String item, long cost) {
        return new Stored(tenant, Map.of(), List.of(), Map.of(item, new Block.Text(item)), cost);
    }
}
