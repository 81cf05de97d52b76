/** How a processor runs the kernels: portable SIMD and the one worker pool. The only module with native access. */
module dev.prairie.cpu {
    requires static transitive org.jspecify;
    requires jdk.incubator.vector;
    requires transitive dev.prairie.tensor;

    exports dev.prairie.cpu.codegen;
    exports dev.prairie.cpu.parallel;
    exports dev.prairie.cpu.vector;

    provides dev.prairie.tensor.device.DeviceProvider with
            dev.prairie.cpu.codegen.CodegenProvider,
            dev.prairie.cpu.vector.VectorProvider;
}
