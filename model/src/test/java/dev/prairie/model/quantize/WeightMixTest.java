package dev.prairie.model.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WeightMixTest {
    private static Map<String, Shape> model(int layers, int width, int forward, boolean head) {
        var tensors = new LinkedHashMap<String, Shape>();
        tensors.put("token_embd.weight", Shape.of(1000, width));
        for (int l = 0; l < layers; l++) {
            String b = "blk." + l + ".";
            tensors.put(b + "attn_norm.weight", Shape.of(width));
            for (String name : List.of("attn_q", "attn_k", "attn_v", "attn_output"))
                tensors.put(b + name + ".weight", Shape.of(width, width));
            tensors.put(b + "attn_q.bias", Shape.of(width));
            tensors.put(b + "ffn_gate.weight", Shape.of(forward, width));
            tensors.put(b + "ffn_up.weight", Shape.of(forward, width));
            tensors.put(b + "ffn_down.weight", Shape.of(width, forward));
        }
        tensors.put("output_norm.weight", Shape.of(width));
        if (head) tensors.put("output.weight", Shape.of(1000, width));
        return tensors;
    }

    private static List<Integer> layers(Map<String, DType> types, String name, DType type) {
        return IntStream.range(0, 100)
                .filter(l -> types.get("blk." + l + "." + name) == type)
                .boxed()
                .toList();
    }

    /** Llama 2 7B has 32 layers; these are those of its Q4_K_M files. */
    @Test
    void mixOf32LayersHasMoreBitsWhereLlamaCppHasThem() {
        Map<String, DType> types = WeightMix.Q4_K_M.types(model(32, 4096, 11008, true));
        List<Integer> more = List.of(0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31);
        assertThat(layers(types, "attn_v.weight", DType.Q6_K)).isEqualTo(more);
        assertThat(layers(types, "ffn_down.weight", DType.Q6_K)).isEqualTo(more);
        assertThat(layers(types, "attn_v.weight", DType.Q4_K)).hasSize(16);
        for (String name : List.of("attn_q", "attn_k", "attn_output", "ffn_gate", "ffn_up"))
            assertThat(layers(types, name + ".weight", DType.Q4_K)).as(name).hasSize(32);
        assertThat(types.get("output.weight")).isEqualTo(DType.Q6_K);
        assertThat(types.get("token_embd.weight")).isEqualTo(DType.Q4_K);
        assertThat(layers(types, "attn_norm.weight", DType.F32)).hasSize(32);
        assertThat(layers(types, "attn_q.bias", DType.F32)).hasSize(32);
    }

    @ParameterizedTest
    @EnumSource
    void theHeadIsBetterAndTheTableToo(WeightMix mix) {
        DType head = !mix.most().quantized() || mix == WeightMix.Q8_0 ? mix.most() : DType.Q6_K;
        assertThat(mix.types(model(2, 512, 1024, true)).get("output.weight")).isEqualTo(head);
        assertThat(mix.types(model(2, 512, 1024, true)).get("token_embd.weight"))
                .isEqualTo(mix.most());
        assertThat(mix.types(model(2, 512, 1024, false)).get("token_embd.weight"))
                .as("a table that is the head")
                .isEqualTo(head);
    }

    @ParameterizedTest
    @EnumSource
    void everyRowIsWholeBlocks(WeightMix mix) {
        for (int width : new int[] {64, 96, 172, 288, 1024, 1000}) {
            Map<String, Shape> shapes = model(9, width, 3 * width, true);
            mix.types(shapes)
                    .forEach((name, type) -> assertThat(shapes)
                            .as(name + " " + width)
                            .hasEntrySatisfying(
                                    name,
                                    shape -> assertThat(shape.last() % type.block())
                                            .isZero()));
        }
    }

    @Test
    void rowsThatAreNoWholeBlocksGetTheNextType() {
        assertThat(WeightMix.Q4_K.types(model(1, 96, 96, true)))
                .containsEntry("blk.0.attn_q.weight", DType.Q5_0)
                .containsEntry("output.weight", DType.Q8_0);
        assertThat(WeightMix.Q5_K.types(model(1, 96, 96, true))).containsEntry("blk.0.attn_q.weight", DType.Q5_1);
        assertThat(WeightMix.Q6_K.types(model(1, 96, 96, true))).containsEntry("blk.0.attn_q.weight", DType.Q8_0);
        assertThat(WeightMix.Q4_0.types(model(1, 96, 172, true)))
                .containsEntry("output.weight", DType.Q8_0)
                .containsEntry("blk.0.ffn_up.weight", DType.Q4_0)
                .containsEntry("blk.0.ffn_down.weight", DType.F16);
    }

    @Test
    void whatDecidesMuchStaysF32() {
        var tensors = model(1, 256, 256, true);
        for (String name : List.of(
                "position_embd.weight", "token_types.weight", "blk.0.ffn_gate_inp.weight", "blk.0.attn_q_norm.weight"))
            tensors.put(name, Shape.of(8, 256));
        Map<String, DType> types = WeightMix.Q4_0.types(tensors);
        assertThat(types.entrySet().stream()
                        .filter(t -> t.getValue() == DType.F32)
                        .map(Map.Entry::getKey)
                        .collect(Collectors.toSet()))
                .containsExactlyInAnyOrder(
                        "position_embd.weight",
                        "token_types.weight",
                        "blk.0.ffn_gate_inp.weight",
                        "blk.0.attn_q_norm.weight",
                        "blk.0.attn_norm.weight",
                        "blk.0.attn_q.bias",
                        "output_norm.weight");
    }

    @Test
    void eightExpertsLeaveRoomForAttention() {
        var tensors = model(8, 256, 256, true);
        for (int l = 0; l < 8; l++) {
            tensors.remove("blk." + l + ".ffn_down.weight");
            tensors.put("blk." + l + ".ffn_down_exps.weight", Shape.of(8, 256, 256));
        }
        Map<String, DType> types = WeightMix.Q4_K_M.types(tensors);
        assertThat(layers(types, "attn_v.weight", DType.Q8_0)).hasSize(8);
        assertThat(layers(types, "attn_k.weight", DType.Q8_0)).hasSize(8);
        assertThat(layers(types, "attn_output.weight", DType.Q5_K)).hasSize(8);
        assertThat(layers(types, "ffn_down_exps.weight", DType.Q6_K)).containsExactly(0, 3, 6, 7);
    }

    @Test
    void sharedValuesOfALargeModelHaveOneBitMore() {
        var tensors = model(80, 512, 512, true);
        for (int l = 0; l < 80; l++) tensors.put("blk." + l + ".attn_v.weight", Shape.of(64, 512));
        Map<String, DType> types = WeightMix.Q4_K_M.types(tensors);
        assertThat(layers(types, "attn_v.weight", DType.Q4_K)).isEmpty();
        assertThat(layers(types, "attn_v.weight", DType.Q5_K)).hasSize(40);
    }

    @Test
    void queriesKeysAndValuesInOneCountAsTheValues() {
        var tensors = Map.of("blk.0.attn_qkv.weight", Shape.of(768, 256));
        assertThat(WeightMix.Q4_K_M.types(tensors)).containsValue(DType.Q5_K);
        assertThat(WeightMix.Q5_K_M.types(tensors)).containsValue(DType.Q6_K);
        assertThat(WeightMix.Q4_K.types(tensors)).containsValue(DType.Q4_K);
    }
}
