package dev.prairie.cpu.codegen;

import dev.prairie.cpu.codegen.Isa.Bf16;
import dev.prairie.cpu.codegen.Isa.Int8;
import dev.prairie.testing.Demand;
import java.util.ArrayList;
import java.util.List;

/** What this machine can run, and not only what it would choose: every tier of instructions gets its test. */
final class Isas {
    private Isas() {}

    /** Every {@link Isa} that this processor and system can run, the smallest first; skips the test where none is. */
    static List<Isa> runnable() {
        boolean here = System.getProperty("os.name", "").equals("Linux")
                && System.getProperty("os.arch", "").equals("amd64");
        Demand.platform(here, "Linux on x86-64");
        List<Isa> all = of(Features.detect(new SystemCalls.Linux()));
        Demand.platform(!all.isEmpty(), "AVX2");
        return all;
    }

    static List<Isa> of(Features f) {
        var all = new ArrayList<Isa>();
        if (Isa.of(f).isEmpty()) return all;
        all.add(new Isa(256, Bf16.FMA, Int8.PAIRS));
        if (f.has(Features.Feature.AVX_VNNI)) all.add(new Isa(256, Bf16.FMA, Int8.QUADS));
        if (Isa.of(f).orElseThrow().bits() < 512) return all;
        all.add(new Isa(512, Bf16.FMA, Int8.PAIRS));
        Int8 int8 = f.has(Features.Feature.AVX512_VNNI) ? Int8.QUADS : Int8.PAIRS;
        if (int8 == Int8.QUADS) all.add(new Isa(512, Bf16.FMA, int8));
        if (f.has(Features.Feature.AVX512_BF16)) all.add(new Isa(512, Bf16.DOT, int8));
        Int8 best = Isa.of(f).orElseThrow().int8();
        if (f.has(Features.Feature.AMX_TILE, Features.Feature.AMX_BF16)) all.add(new Isa(512, Bf16.TILES, best));
        return all;
    }
}
