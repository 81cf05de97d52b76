/** What an operation means: described memory, the kernels a device offers, and the tape. Reads java.base only. */
module dev.prairie.tensor {
    requires static transitive org.jspecify;

    exports dev.prairie.tensor;
    exports dev.prairie.tensor.device;

    uses dev.prairie.tensor.device.DeviceProvider;
}
