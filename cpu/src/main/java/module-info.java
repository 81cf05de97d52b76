/** How a processor runs the kernels: portable SIMD and the one worker pool. The only module with native access. */
module dev.prairie.cpu {
    requires static transitive org.jspecify;
    requires jdk.incubator.vector;
    requires dev.prairie.tensor;
}
