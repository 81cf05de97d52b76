package dev.prairie.peers;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The C functions of the one build of llama.cpp that the binding from Maven Central brings. They are called as
 * {@code llama-bench} calls them: the binding's own methods give generated text alone, through a server with slots, and
 * neither logits nor the time of a batch. Structures are passed by value, so the layouts below hold for that build only;
 * {@link #open} refuses another.
 */
@SuppressWarnings("restricted") // native access is what this process is for
final class LlamaLibrary {
    /** What the layouts were read from. */
    private static final int BUILD = 4916;

    private static final int LEVEL_ERROR = 4;

    static final MemoryLayout MODEL_PARAMS = MemoryLayout.structLayout(
            ADDRESS.withName("devices"),
            JAVA_INT.withName("n_gpu_layers"),
            JAVA_INT.withName("split_mode"),
            JAVA_INT.withName("main_gpu"),
            MemoryLayout.paddingLayout(4),
            ADDRESS.withName("tensor_split"),
            ADDRESS.withName("progress_callback"),
            ADDRESS.withName("progress_callback_user_data"),
            ADDRESS.withName("kv_overrides"),
            JAVA_BOOLEAN.withName("vocab_only"),
            JAVA_BOOLEAN.withName("use_mmap"),
            JAVA_BOOLEAN.withName("use_mlock"),
            JAVA_BOOLEAN.withName("check_tensors"),
            MemoryLayout.paddingLayout(4));

    static final MemoryLayout CONTEXT_PARAMS = MemoryLayout.structLayout(
            JAVA_INT.withName("n_ctx"),
            JAVA_INT.withName("n_batch"),
            JAVA_INT.withName("n_ubatch"),
            JAVA_INT.withName("n_seq_max"),
            JAVA_INT.withName("n_threads"),
            JAVA_INT.withName("n_threads_batch"),
            JAVA_INT.withName("rope_scaling_type"),
            JAVA_INT.withName("pooling_type"),
            JAVA_INT.withName("attention_type"),
            JAVA_FLOAT.withName("rope_freq_base"),
            JAVA_FLOAT.withName("rope_freq_scale"),
            JAVA_FLOAT.withName("yarn_ext_factor"),
            JAVA_FLOAT.withName("yarn_attn_factor"),
            JAVA_FLOAT.withName("yarn_beta_fast"),
            JAVA_FLOAT.withName("yarn_beta_slow"),
            JAVA_INT.withName("yarn_orig_ctx"),
            JAVA_FLOAT.withName("defrag_thold"),
            MemoryLayout.paddingLayout(4),
            ADDRESS.withName("cb_eval"),
            ADDRESS.withName("cb_eval_user_data"),
            JAVA_INT.withName("type_k"),
            JAVA_INT.withName("type_v"),
            JAVA_BOOLEAN.withName("logits_all"),
            JAVA_BOOLEAN.withName("embeddings"),
            JAVA_BOOLEAN.withName("offload_kqv"),
            JAVA_BOOLEAN.withName("flash_attn"),
            JAVA_BOOLEAN.withName("no_perf"),
            MemoryLayout.paddingLayout(3),
            ADDRESS.withName("abort_callback"),
            ADDRESS.withName("abort_callback_data"));

    static final MemoryLayout BATCH = MemoryLayout.structLayout(
            JAVA_INT.withName("n_tokens"),
            MemoryLayout.paddingLayout(4),
            ADDRESS.withName("token"),
            ADDRESS.withName("embd"),
            ADDRESS.withName("pos"),
            ADDRESS.withName("n_seq_id"),
            ADDRESS.withName("seq_id"),
            ADDRESS.withName("logits"));

    private final Linker linker = Linker.nativeLinker();
    private final SymbolLookup symbols;

    final MethodHandle modelParams;
    final MethodHandle contextParams;
    final MethodHandle loadModel;
    final MethodHandle freeModel;
    final MethodHandle newContext;
    final MethodHandle freeContext;
    final MethodHandle clearCache;
    final MethodHandle decode;
    final MethodHandle synchronize;
    final MethodHandle logits;
    final MethodHandle vocabulary;
    final MethodHandle vocabularySize;
    final MethodHandle bos;
    final MethodHandle addsBos;
    final MethodHandle tokenize;

    private String firstError = "";

    private LlamaLibrary(Path file) {
        symbols = SymbolLookup.libraryLookup(file, Arena.global());
        modelParams = function("llama_model_default_params", MODEL_PARAMS);
        contextParams = function("llama_context_default_params", CONTEXT_PARAMS);
        loadModel = function("llama_model_load_from_file", ADDRESS, ADDRESS, MODEL_PARAMS);
        freeModel = action("llama_model_free", ADDRESS);
        newContext = function("llama_init_from_model", ADDRESS, ADDRESS, CONTEXT_PARAMS);
        freeContext = action("llama_free", ADDRESS);
        clearCache = action("llama_kv_self_clear", ADDRESS);
        decode = function("llama_decode", JAVA_INT, ADDRESS, BATCH);
        synchronize = action("llama_synchronize", ADDRESS);
        logits = function("llama_get_logits_ith", ADDRESS, ADDRESS, JAVA_INT);
        vocabulary = function("llama_model_get_vocab", ADDRESS, ADDRESS);
        vocabularySize = function("llama_vocab_n_tokens", JAVA_INT, ADDRESS);
        bos = function("llama_vocab_bos", JAVA_INT, ADDRESS);
        addsBos = function("llama_vocab_get_add_bos", JAVA_BOOLEAN, ADDRESS);
        tokenize = function(
                "llama_tokenize", JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_BOOLEAN, JAVA_BOOLEAN);
    }

    /**
     * The library of this file, ready to load models.
     *
     * @throws IllegalStateException if it does not load, or is of another build
     */
    static LlamaLibrary open(Path file) {
        LlamaLibrary library;
        try {
            library = new LlamaLibrary(file);
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException(
                    "llama.cpp does not load; it needs GNU's OpenMP (Debian: libgomp1): " + e.getMessage(), e);
        }
        int build = library.symbol("LLAMA_BUILD_NUMBER").reinterpret(4).get(JAVA_INT, 0);
        if (build != BUILD)
            throw new IllegalStateException("llama.cpp is build " + build + ", its structures are known for " + BUILD);
        call(() -> {
            MethodHandle logged = MethodHandles.lookup()
                    .bind(
                            library,
                            "logged",
                            MethodType.methodType(void.class, int.class, MemorySegment.class, long.class));
            MemorySegment callback = library.linker.upcallStub(
                    logged, FunctionDescriptor.ofVoid(JAVA_INT, ADDRESS, JAVA_LONG), Arena.global());
            library.action("llama_log_set", ADDRESS, ADDRESS).invoke(callback, MemorySegment.NULL);
            library.action("llama_backend_init").invoke();
            return 0;
        });
        return library;
    }

    /** {@code llama.cpp b4916 (AVX, AVX2, …)}: the build, and the instruction sets that it was compiled for. */
    String name() {
        String info = call(() -> string(
                (MemorySegment) function("llama_print_system_info", ADDRESS).invoke()));
        String sets = info.replaceAll("CPU : |= 1 ?|\\s+$", "")
                .replaceAll("\\s*\\|\\s*$", "")
                .replaceAll(" \\| ", ", ");
        return "llama.cpp b" + BUILD + " (" + sets.strip() + ")";
    }

    /** The first thing that the library said was wrong. */
    String firstError() {
        return firstError;
    }

    // Called by the library, which has much to say besides what is wrong.
    @SuppressWarnings("unused")
    private void logged(int level, MemorySegment text, long data) {
        if (level != LEVEL_ERROR) return;
        String said = string(text).strip();
        if (firstError.isEmpty()) firstError = said;
        System.err.println(said);
    }

    private MethodHandle function(String name, MemoryLayout result, MemoryLayout... arguments) {
        return linker.downcallHandle(symbol(name), FunctionDescriptor.of(result, arguments));
    }

    private MethodHandle action(String name, MemoryLayout... arguments) {
        return linker.downcallHandle(symbol(name), FunctionDescriptor.ofVoid(arguments));
    }

    private MemorySegment symbol(String name) {
        return symbols.find(name).orElseThrow(() -> new IllegalStateException("llama.cpp has no " + name));
    }

    private static String string(MemorySegment at) {
        return at.reinterpret(Long.MAX_VALUE).getString(0, StandardCharsets.UTF_8);
    }

    /** What may throw anything by its signature. */
    interface Call<T> {
        T invoke() throws Throwable;
    }

    /** Calls into the library; what is thrown on the way is a fault of ours. */
    static <T> T call(Call<T> body) {
        try {
            return body.invoke();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
