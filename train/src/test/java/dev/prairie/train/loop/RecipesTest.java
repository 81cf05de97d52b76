package dev.prairie.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecipesTest {
    @TempDir
    Path folder;

    private Recipe read(String yaml) throws Exception {
        Path file = folder.resolve("recipe.yaml");
        Files.writeString(file, yaml);
        return Recipes.read(file);
    }

    @Test
    void everyDefaultIsPinned() {
        assertThat(Recipes.yaml(Recipe.DEFAULTS)).isEqualTo("""
                        form: llama
                        tokenizer: bpe
                        vocabulary: 4096
                        layers: 6
                        width: 256
                        heads: 4
                        keyHeads: 0
                        feedForward: 0
                        context: 256
                        tiedHead: true
                        queryKeyNorm: false
                        batch: 8
                        accumulation: 1
                        steps: 2000
                        loader: packed
                        learningRate: 0.001
                        minLearningRate: 1.0E-4
                        schedule: cosine
                        warmup: 100
                        decay: 0.2
                        beta1: 0.9
                        beta2: 0.95
                        epsilon: 1.0E-8
                        weightDecay: 0.1
                        clip: 1
                        validation: 0.1
                        validateEvery: 250
                        validateBatches: 20
                        sampleEvery: 500
                        sampleTokens: 120
                        samplePrompt: ""
                        checkpointEvery: 250
                        precision: f32
                        recompute: false
                        seed: 1337
                        include: []
                        field: "text"
                        maxCharacters: 0
                        """);
    }

    @Test
    void everyKeyIsDocumented() {
        assertThat(Recipes.keys())
                .allSatisfy(key -> assertThat(key.doc()).as(key.name()).isNotBlank());
    }

    @Test
    void whatIsWrittenReadsBackAsTheSame() throws Exception {
        Recipe odd = read("""
                form: gpt2
                learningRate: 3e-4
                samplePrompt: "a \\"b\\"\\n: #"
                include: ["*.java", "java.base/**"]
                seed: -9007199254740993
                loader: Random
                """);
        assertThat(odd.learningRate()).isEqualTo(3e-4f);
        assertThat(odd.samplePrompt()).isEqualTo("a \"b\"\n: #");
        assertThat(read(Recipes.yaml(odd))).isEqualTo(odd);
        assertThat(Recipes.with(Recipe.DEFAULTS, Map.of("steps", "7", "include", "*.md"))
                        .include())
                .isEqualTo(List.of("*.md"));
        assertThat(read("# nothing\n")).isEqualTo(Recipe.DEFAULTS);
    }

    @Test
    void mistakesAreNamedWithTheWayOut() {
        assertThatThrownBy(() -> read("learnigRate: 1"))
                .isInstanceOf(RecipeException.class)
                .hasMessageStartingWith("recipe: unknown key learnigRate; did you mean learningRate?");
        assertThatThrownBy(() -> read("steps: many"))
                .hasMessage("recipe: steps is \"many\"; it must be a whole number such as 2000");
        assertThatThrownBy(() -> read("steps: 3.5")).hasMessageContaining("must be a whole number");
        assertThatThrownBy(() -> read("form: bert"))
                .hasMessage("recipe: form is \"bert\"; it must be gpt2 or llama such as llama");
        assertThatThrownBy(() -> read("heads: 3")).hasMessageContaining("width 256 is not a multiple of heads 3");
        assertThatThrownBy(() -> read("steps: 0")).hasMessage("recipe: steps is 0, must be at least 1");
        assertThatThrownBy(() -> read("beta1: 1")).hasMessageContaining("beta1 1.0");
        assertThatThrownBy(() -> read("- a\n- b")).hasMessageContaining("`key: value`");
        assertThatThrownBy(() -> read("a: [")).hasMessageContaining("not YAML");
        assertThatThrownBy(() -> Recipes.read(folder.resolve("none.yaml"))).hasMessageContaining("cannot be read");
    }
}
