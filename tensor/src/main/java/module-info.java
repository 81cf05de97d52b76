/** What an operation means: described memory, the kernels a device offers, and the tape. Reads java.base only. */
module dev.prairie.tensor {
    requires static transitive org.jspecify;

    exports dev.prairie.tensor;
    exports dev.prairie.tensor.device;
    exports dev.prairie.tensor.reference;
    exports dev.prairie.tensor.autograd;
    exports dev.prairie.tensor.conformance;

    uses dev.prairie.tensor.device.DeviceProvider;

    provides dev.prairie.tensor.device.DeviceProvider with
            dev.prairie.tensor.reference.ReferenceProvider;
}
