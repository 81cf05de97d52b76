package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Features.Feature.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.cpu.codegen.Features.Feature;
import dev.prairie.cpu.codegen.Isa.Bf16;
import dev.prairie.cpu.codegen.Isa.Int8;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is chosen for processors that this machine is not. */
class IsaTest {
    private static final String INTEL = "GenuineIntel";
    private static final String AMD = "AuthenticAMD";
    private static final Feature[] HASWELL = {AVX2, FMA, F16C};
    private static final Feature[] SKYLAKE_SERVER = {AVX2, FMA, F16C, AVX512F, AVX512BW, AVX512DQ, AVX512VL};

    private static Set<Feature> with(Feature[] base, Feature... more) {
        var all = EnumSet.copyOf(List.of(base));
        all.addAll(List.of(more));
        return all;
    }

    private static void chosen(Isa expected, String vendor, Set<Feature> features) {
        assertThat(Isa.of(new Features(vendor, features))).contains(expected);
    }

    @Test
    void avx2() {
        chosen(new Isa(256, Bf16.FMA, Int8.PAIRS), INTEL, with(HASWELL));
        chosen(new Isa(256, Bf16.FMA, Int8.PAIRS), AMD, with(HASWELL)); // Zen 1 to 3
        chosen(new Isa(256, Bf16.FMA, Int8.QUADS), INTEL, with(HASWELL, AVX_VNNI)); // Alder Lake
    }

    @Test
    void avx512() {
        chosen(new Isa(512, Bf16.FMA, Int8.PAIRS), INTEL, with(SKYLAKE_SERVER));
        chosen(new Isa(512, Bf16.FMA, Int8.QUADS), INTEL, with(SKYLAKE_SERVER, AVX512_VNNI)); // Ice Lake
    }

    /** {@code vdpbf16ps} beats multiply-adds on AMD's processors alone. */
    @Test
    void dotProductsOfBf16() {
        chosen(new Isa(512, Bf16.DOT, Int8.QUADS), AMD, with(SKYLAKE_SERVER, AVX512_VNNI, AVX512_BF16)); // Zen 4
        chosen(new Isa(512, Bf16.FMA, Int8.QUADS), INTEL, with(SKYLAKE_SERVER, AVX512_VNNI, AVX512_BF16));
    }

    @Test
    void tiles() {
        Set<Feature> sapphireRapids =
                with(SKYLAKE_SERVER, AVX_VNNI, AVX512_VNNI, AVX512_BF16, AMX_TILE, AMX_BF16, AMX_INT8);
        chosen(new Isa(512, Bf16.TILES, Int8.TILES), INTEL, sapphireRapids);
        var withoutBf16 = EnumSet.copyOf(sapphireRapids);
        withoutBf16.remove(AMX_BF16);
        chosen(new Isa(512, Bf16.FMA, Int8.TILES), INTEL, withoutBf16);
        var notPermitted = EnumSet.copyOf(sapphireRapids);
        notPermitted.removeAll(Set.of(AMX_TILE, AMX_BF16, AMX_INT8));
        chosen(new Isa(512, Bf16.FMA, Int8.QUADS), INTEL, notPermitted);
    }

    /** Knights Landing: AVX-512 without what the kernels need of it. */
    @Test
    void halfOfAvx512IsNone() {
        for (Feature missing : new Feature[] {AVX512F, AVX512BW, AVX512DQ, AVX512VL}) {
            var features = with(SKYLAKE_SERVER, AVX512_VNNI, AVX512_BF16);
            features.remove(missing);
            chosen(new Isa(256, Bf16.FMA, Int8.PAIRS), AMD, features);
        }
    }

    @Test
    void nothing() {
        assertThat(Isa.of(new Features(INTEL, Set.of()))).isEmpty();
        for (Feature missing : HASWELL) {
            var features = with(SKYLAKE_SERVER, AMX_TILE, AMX_BF16, AVX512_BF16);
            features.remove(missing);
            assertThat(Isa.of(new Features(AMD, features)))
                    .as("without " + missing)
                    .isEmpty();
        }
    }

    @Test
    void registersAndLanes() {
        var wide = new Isa(512, Bf16.FMA, Int8.PAIRS);
        var narrow = new Isa(256, Bf16.FMA, Int8.PAIRS);
        assertThat(wide.lanes()).isEqualTo(16);
        assertThat(narrow.lanes()).isEqualTo(8);
        assertThat(wide.registers()).isEqualTo(32);
        assertThat(narrow.registers()).isEqualTo(16);
        assertThat(wide).hasToString("AVX-512, BF16 by F32 multiply-add, INT8 by vpmaddubsw");
        assertThat(new Isa(256, Bf16.FMA, Int8.QUADS)).hasToString("AVX2, BF16 by F32 multiply-add, INT8 by vpdpbusd");
        assertThat(new Isa(512, Bf16.TILES, Int8.QUADS)).asString().contains("BF16 by AMX tiles");
        assertThat(new Isa(512, Bf16.FMA, Int8.TILES)).asString().contains("INT8 by AMX tiles");
        assertThat(new Isa(512, Bf16.DOT, Int8.QUADS)).asString().contains("vdpbf16ps");
    }

    /** CPUID against Linux's own reading of it. */
    @Test
    void thisProcessorIsReadAsLinuxReadsIt() throws Exception {
        Isas.runnable();
        Features found = Features.detect(new SystemCalls.Linux());
        var vendor = new ArrayList<String>();
        var flags = new ArrayList<String>();
        for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
            if (line.startsWith("vendor_id")) vendor.add(line.substring(line.indexOf(':') + 2));
            if (line.startsWith("flags") && flags.isEmpty())
                flags.addAll(List.of(line.substring(line.indexOf(':') + 2).split(" ", -1)));
        }
        assertThat(found.vendor()).isEqualTo(vendor.getFirst());
        for (Feature f : Feature.values()) {
            String flag = f.name().toLowerCase(Locale.ROOT);
            // Tiles are in the list even where the process may not use them.
            if (flag.startsWith("amx") && !found.present().contains(AMX_TILE)) continue;
            assertThat(found.present().contains(f)).as(flag).isEqualTo(flags.contains(flag));
        }
        assertThat(Isas.runnable()).contains(Isa.of(found).orElseThrow());
    }
}
