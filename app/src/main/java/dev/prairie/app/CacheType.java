package dev.prairie.app;

import dev.prairie.tensor.DType;

/** What keys and values are kept as, as a person types it. */
enum CacheType {
    F32(DType.F32),
    F16(DType.F16),
    Q8_0(DType.Q8_0);

    private final DType type;

    CacheType(DType type) {
        this.type = type;
    }

    DType type() {
        return type;
    }
}
