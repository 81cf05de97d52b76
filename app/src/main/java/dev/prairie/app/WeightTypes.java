package dev.prairie.app;

import dev.prairie.tensor.DType;
import java.util.Locale;

/** Types of weights as a person types them. */
final class WeightTypes {
    private WeightTypes() {}

    static DType named(String name) {
        try {
            return DType.valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException unknown) {
            throw new UserException("--type is " + name + "; give one of F32, F16, BF16, Q8_0, Q4_0, Q4_K, Q5_K, Q6_K");
        }
    }
}
