package dev.prairie.serve.resident;

import dev.prairie.tensor.device.Kernels;
import dev.prairie.tensor.reference.ReferenceKernels;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;

/** The reference's kernels, which wait before their first work until they are let through. */
public final class GatedKernels {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch open = new CountDownLatch(1);

    public Kernels kernels() {
        ReferenceKernels reference = new ReferenceKernels();
        return (Kernels) Proxy.newProxyInstance(
                Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class}, (proxy, method, arguments) -> {
                    reached.countDown();
                    open.await();
                    try {
                        return method.invoke(reference, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** Returns when somebody waits at the gate. */
    public void awaitWork() throws InterruptedException {
        reached.await();
    }

    public void open() {
        open.countDown();
    }
}
