package dev.prairie.app.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names, addresses and choices, without a network. */
class HubFormsTest {
    private static List<String> chosen(String model, String... paths) {
        List<RemoteFile> files = Arrays.stream(paths)
                .map(p -> new RemoteFile(p, OptionalLong.of(1), Optional.empty()))
                .toList();
        return Selection.of(ModelName.of(model), files).stream()
                .map(RemoteFile::path)
                .toList();
    }

    @Test
    void nameHasAnOwnerAndMayHaveAFile() {
        assertThat(ModelName.of("a-b/C.1_x")).isEqualTo(new ModelName("a-b", "C.1_x", Optional.empty()));
        assertThat(ModelName.of("a/b:c/d.gguf").selector()).hasValue("c/d.gguf");
        assertThat(ModelName.of("a/b:Q8_0")).hasToString("a/b:Q8_0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "a/b/c", "../b", "a/..", "/b", "a/", "a b/c", "a/b:", ".a/b"})
    void otherFormsAreRefused(String text) {
        assertThat(ModelName.fits(text)).isFalse();
        assertThatThrownBy(() -> ModelName.of(text)).hasMessageContaining("write OWNER/NAME");
    }

    @Test
    void weightsAreTakenOnce() {
        assertThat(chosen(
                        "a/b",
                        "config.json",
                        "consolidated.safetensors",
                        "model-00001-of-00002.safetensors",
                        "model-00002-of-00002.safetensors",
                        "model.safetensors.index.json",
                        "model.fp16.safetensors",
                        "original/model.safetensors",
                        "pytorch_model.bin",
                        "tokenizer.model",
                        "x-Q8_0.gguf"))
                .containsExactly(
                        "config.json",
                        "model-00001-of-00002.safetensors",
                        "model-00002-of-00002.safetensors",
                        "model.safetensors.index.json",
                        "tokenizer.model");
        assertThat(chosen("a/b", "config.json", "weights.safetensors")).hasSize(2);
        assertThat(chosen("a/b", "config.json", "only.gguf", "mmproj-f16.gguf")).containsExactly("only.gguf");
    }

    @Test
    void tagIsAWholeWord() {
        String[] files = {"m-Q4_K_M.gguf", "m-Q4_K_S.gguf", "m.Q4_K.gguf", "sub/m-BF16.gguf", "stories.bin"};

        assertThat(chosen("a/b:Q4_K", files)).containsExactly("m.Q4_K.gguf");
        assertThat(chosen("a/b:q4_k_s", files)).containsExactly("m-Q4_K_S.gguf");
        assertThat(chosen("a/b:m-BF16.gguf", files)).containsExactly("sub/m-BF16.gguf");
        assertThat(chosen("a/b:stories.bin", files)).containsExactly("stories.bin");
        assertThatThrownBy(() -> chosen("a/b:Q2_K", files)).hasMessageContainingAll("no file 'Q2_K'", "m-Q4_K_M.gguf");
        assertThatThrownBy(() -> chosen("a/b", "pytorch_model.bin")).hasMessageContaining("pytorch_model.bin");
        assertThatThrownBy(() -> chosen("a/b:Q8_0", "m-Q8_0-00001-of-00003.gguf"))
                .hasMessageContaining("1 of its 3 parts");
    }

    private static HubAddress address(Optional<String> given, Map<String, String> environment) {
        return HubAddress.of(given, Optional.empty(), environment);
    }

    @Test
    void hubIsWhatWasGivenElseTheSettingElseHuggingFace() {
        Map<String, String> tokens = Map.of("HF_TOKEN", "h");
        assertThat(address(Optional.empty(), tokens))
                .isEqualTo(new HubAddress(
                        URI.create("https://huggingface.co"), List.of(HubKind.HUGGING_FACE), Optional.of("h")));
        assertThat(address(Optional.of("modelscope"), tokens).token()).isEmpty();
        HubAddress own = address(
                Optional.empty(), Map.of("PRAIRIE_HUB", "http://h:81/x/", "PRAIRIE_HUB_TOKEN", "t", "HF_TOKEN", "h"));
        assertThat(own.base()).hasToString("http://h:81/x");
        assertThat(own.kinds()).containsExactly(HubKind.values());
        assertThat(own.token()).hasValue("t");
        assertThat(address(Optional.of("modelscope:https://m"), Map.of()).kinds())
                .containsExactly(HubKind.MODELSCOPE);
        assertThat(address(Optional.of("https://m"), tokens).token()).hasValue("h");
        assertThat(HubAddress.of(Optional.empty(), Optional.of("given"), tokens).token())
                .hasValue("given");
        for (String none : List.of("ftp://x", "x", "http://", "http://user@x", "hf:x"))
            assertThatThrownBy(() -> address(Optional.of(none), Map.of())).hasMessageContaining("is no hub");
    }

    @Test
    void redirectsStayOnTheWebAndEncrypted() {
        URI from = URI.create("https://a/b");

        assertThat(Http.target(from, "/c?d=e")).hasToString("https://a/c?d=e");
        assertThat(Http.target(from, "https://b/c")).hasToString("https://b/c");
        assertThatThrownBy(() -> Http.target(from, "http://a/c")).hasMessageContaining("not encrypted");
        assertThatThrownBy(() -> Http.target(from, "file:///etc/passwd")).hasMessageContaining("nothing to fetch from");
        assertThatThrownBy(() -> Http.target(from, "ht tp:")).hasMessageContaining("no address");
    }
}
