package dev.prairie.model.quantize;

import dev.prairie.tensor.DType;
import dev.prairie.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which type each weight of a model gets, by its name in a GGUF file: most of them the one that the mix is named after, and
 * a better one where it costs little and helps much. Rules are those of llama.cpp ({@code src/llama-quant.cpp},
 * {@code llama_tensor_get_type}) without an importance matrix, so that files have the size and the quality that people
 * know; only Q4_K and Q5_K are plainer than its Q4_K_S and Q5_K_S: outside the head they hold one type.
 */
public enum WeightMix {
    F32(DType.F32, 0),
    F16(DType.F16, 1),
    BF16(DType.BF16, 32),
    Q8_0(DType.Q8_0, 7),
    Q6_K(DType.Q6_K, 18),
    Q5_K(DType.Q5_K, 16),
    /** Q5_K, and Q6_K for half of what is most sensitive. */
    Q5_K_M(DType.Q5_K, 17),
    Q5_1(DType.Q5_1, 9),
    Q5_0(DType.Q5_0, 8),
    Q4_K(DType.Q4_K, 14),
    /** Q4_K, and Q6_K for half of what is most sensitive. */
    Q4_K_M(DType.Q4_K, 15),
    Q4_1(DType.Q4_1, 3),
    Q4_0(DType.Q4_0, 2);
    private static final String HEAD = "output.weight", TOKENS = "token_embd.weight";
    private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,9})\\..*");

    /** The count of experts that llama.cpp has rules for: that of Mixtral 8x7B, where the rest is a small part. */
    private static final int MIXTRAL = 8;

    /** Layers of Llama 2 70B and those of its size, whose values serve eight heads each and so are few. */
    private static final int LAYERS_OF_70B = 80;

    private final DType most;
    private final int fileType;

    WeightMix(DType most, int fileType) {
        this.most = most;
        this.fileType = fileType;
    }

    /** The type of most weights. */
    public DType most() {
        return most;
    }

    /** What a GGUF file has as {@code general.file_type}: llama.cpp's {@code llama_ftype}. */
    public int fileType() {
        return fileType;
    }

    /** The type of each of {@code tensors}, which are all tensors of a model by their names and shapes in a GGUF file. */
    public Map<String, DType> types(Map<String, Shape> tensors) {
        Model model = Model.of(tensors);
        var types = new LinkedHashMap<String, DType>();
        tensors.forEach((name, shape) -> types.put(name, type(name, shape, model)));
        return types;
    }

    /** What the rules ask about the model as a whole. */
    private record Model(boolean head, int layers, int experts, boolean fewValues) {
        static Model of(Map<String, Shape> tensors) {
            int layers = 0, experts = 1;
            for (var tensor : tensors.entrySet()) {
                layers = Math.max(layers, layer(tensor.getKey()) + 1);
                if (tensor.getKey().contains("_exps."))
                    experts = tensor.getValue().dim(0);
            }
            Shape q = tensors.get("blk.0.attn_q.weight"), v = tensors.get("blk.0.attn_v.weight");
            boolean few = layers == LAYERS_OF_70B && q != null && v != null && v.dim(0) < q.dim(0);
            return new Model(tensors.containsKey(HEAD), layers, experts, few);
        }

        /** In the first and the last eighth, and every third layer between. */
        boolean sensitive(int layer) {
            int eighth = layers / 8;
            return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
        }
    }

    private static int layer(String name) {
        Matcher m = LAYER.matcher(name);
        return m.matches() ? Integer.parseInt(m.group(1)) : -1;
    }

    private DType type(String name, Shape shape, Model model) {
        if (!isWeight(name, shape)) return DType.F32;
        if (!most.quantized()) return most;
        return fitting(wanted(name, shape, model), shape.last());
    }

    /** Whether a tensor is one of the large matrices; others decide too much for the little room that they take. */
    private static boolean isWeight(String name, Shape shape) {
        return shape.rank() >= 2
                && name.endsWith("weight")
                && !name.endsWith("_norm.weight")
                && !name.contains("ffn_gate_inp")
                && !name.equals("position_embd.weight")
                && !name.equals("token_types.weight");
    }

    private DType wanted(String name, Shape shape, Model model) {
        boolean mixed = this == Q4_K_M || this == Q5_K_M;
        boolean four = most == DType.Q4_K;
        boolean mixtral = model.experts == MIXTRAL;
        DType better = mixed && model.sensitive(layer(name)) ? DType.Q6_K : most;
        if (name.equals(HEAD) || (name.equals(TOKENS) && !model.head)) {
            boolean whole = shape.last() % most.block() == 0;
            return most == DType.Q8_0 || !whole ? DType.Q8_0 : DType.Q6_K;
        }
        if (name.contains("attn_v.weight")) {
            if (mixtral) return DType.Q8_0;
            return model.fewValues && better == DType.Q4_K ? DType.Q5_K : better;
        }
        if (name.contains("attn_k.weight")) return mixtral ? DType.Q8_0 : most;
        if (name.contains("ffn_down")) return better;
        if (name.contains("attn_output.weight")) return mixtral && four ? DType.Q5_K : most;
        if (name.contains("attn_qkv.weight") && mixed) return four ? DType.Q5_K : DType.Q6_K;
        return most;
    }

    /** The type itself, or one with smaller blocks for rows that are no whole blocks. */
    private static DType fitting(DType type, int width) {
        if (width % type.block() == 0) return type;
        DType smaller = switch (type) {
            case Q4_K -> DType.Q5_0;
            case Q5_K -> DType.Q5_1;
            case Q6_K -> DType.Q8_0;
            default -> DType.F16;
        };
        return width % smaller.block() == 0 ? smaller : DType.F16;
    }
}
