package dev.prairie.app.peer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.text.batch.Batch;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ChainTextTest {
    @Test
    void sameSeedSameTokensAndEachBatchGoesOn() {
        var one = new ChainText(100, 3, 20, 7);
        var two = new ChainText(100, 3, 20, 7);
        Batch first = one.next();
        Batch second = one.next();

        assertThat(two.next().ids()).isEqualTo(first.ids());
        assertThat(new ChainText(100, 3, 20, 8).next().ids()).isNotEqualTo(first.ids());
        assertThat(second.ids()[0]).isEqualTo(first.targets()[59]);
        assertThat(first.starts()).containsExactly(0, 20, 40, 60);
    }

    @Test
    void whatFollowsATokenCanBeLearnt() {
        var text = new ChainText(1000, 4, 256, 1);
        Map<Integer, Set<Integer>> followers = new HashMap<>();
        int low = 0;
        int all = 0;
        for (int i = 0; i < 20; i++) {
            Batch batch = text.next();
            assertThat(Arrays.copyOfRange(batch.ids(), 1, batch.tokens()))
                    .isEqualTo(Arrays.copyOf(batch.targets(), batch.tokens() - 1));
            for (int n = 0; n < batch.tokens(); n++) {
                followers.computeIfAbsent(batch.ids()[n], id -> new HashSet<>()).add(batch.targets()[n]);
                if (batch.targets()[n] < 125) low++;
                all++;
            }
        }

        assertThat(followers.values()).allSatisfy(set -> assertThat(set).hasSizeLessThanOrEqualTo(4));
        assertThat(followers).hasSizeGreaterThan(20); // it does not run in a small circle
        assertThat((double) low / all).isGreaterThan(0.3);
    }
}
