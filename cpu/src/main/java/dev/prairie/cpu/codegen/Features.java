package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a processor can run and the operating system saves for it.
 *
 * @param vendor  the twelve letters of CPUID leaf 0
 * @param present those of {@link Feature} that are there
 */
public record Features(String vendor, Set<Feature> present) {
    /** A group of instructions that kernels may need. */
    public enum Feature {
        AVX2,
        FMA,
        F16C,
        AVX_VNNI,
        AVX512F,
        AVX512BW,
        AVX512DQ,
        AVX512VL,
        AVX512_VNNI,
        AVX512_BF16,
        AMX_TILE,
        AMX_BF16,
        AMX_INT8
    }

    public Features {
        present = Set.copyOf(present);
    }

    boolean has(Feature... wanted) {
        return present.containsAll(Set.of(wanted));
    }

    /** Asks this processor, by a function of our own: Java has no CPUID. */
    static Features detect(SystemCalls system) {
        try (CodePages pages = new CodePages(system);
                Arena arena = Arena.ofConfined()) {
            var ask = new Question(pages.add(question()), arena.allocate(16, 16));
            return ask.features(system);
        }
    }

    /** {@code (leaf, subleaf, out)}; leaf -1 asks XGETBV for register 0, so that what the system saves is known. */
    private static byte[] question() {
        var a = new Assembler();
        var extended = new Label();
        var end = new Label();
        a.push(RBX);
        a.mov(R8, RDX);
        a.mov(RAX, RDI);
        a.mov(RCX, RSI);
        a.cmp(RDI, -1);
        a.jump(Assembler.Condition.EQUAL, extended);
        a.cpuid();
        a.jump(end);
        a.place(extended);
        a.xgetbv();
        a.mov(RBX, 0);
        a.mov(RCX, 0);
        a.place(end);
        // Eight bytes each, the next overwriting the upper half of the one before.
        a.mov(Mem.at(R8, 0), RAX);
        a.mov(Mem.at(R8, 4), RBX);
        a.mov(Mem.at(R8, 8), RCX);
        a.shl(RDX, 32);
        a.mov32(RAX, Mem.at(R8, 8));
        a.or(RAX, RDX);
        a.mov(Mem.at(R8, 8), RAX);
        a.pop(RBX);
        a.ret();
        return a.bytes();
    }

    private record Question(Kernel kernel, MemorySegment answer) {
        private static final int EAX = 0, EBX = 1, ECX = 2, EDX = 3;

        private void ask(long leaf, long subleaf) {
            kernel.call(leaf, subleaf, answer.address());
        }

        private int register(int r) {
            return answer.getAtIndex(ValueLayout.JAVA_INT, r);
        }

        private boolean bit(int r, int bit) {
            return (register(r) >> bit & 1) != 0;
        }

        /** Bits as in the Intel SDM, volume 2, CPUID. */
        Features features(SystemCalls system) {
            var found = EnumSet.noneOf(Feature.class);
            ask(0, 0);
            int highest = register(EAX);
            String vendor = text(register(EBX)) + text(register(EDX)) + text(register(ECX));
            ask(1, 0);
            boolean saves = bit(ECX, 27) && bit(ECX, 28); // OSXSAVE and AVX
            if (bit(ECX, 12)) found.add(Feature.FMA);
            if (bit(ECX, 29)) found.add(Feature.F16C);
            if (!saves || highest < 7) return new Features(vendor, Set.of());
            ask(-1, 0);
            int saved = register(EAX);
            if ((saved & 0x6) != 0x6) return new Features(vendor, Set.of());
            boolean wide = (saved & 0xE0) == 0xE0;
            boolean tiles = (saved & 0x60000) == 0x60000;
            ask(7, 0);
            int most = register(EAX);
            if (bit(EBX, 5)) found.add(Feature.AVX2);
            if (wide && bit(EBX, 16)) found.add(Feature.AVX512F);
            if (wide && bit(EBX, 17)) found.add(Feature.AVX512DQ);
            if (wide && bit(EBX, 30)) found.add(Feature.AVX512BW);
            if (wide && bit(EBX, 31)) found.add(Feature.AVX512VL);
            if (wide && bit(ECX, 11)) found.add(Feature.AVX512_VNNI);
            boolean amx = tiles && bit(EDX, 24);
            boolean amxBf16 = amx && bit(EDX, 22);
            boolean amxInt8 = amx && bit(EDX, 25);
            if (most >= 1) {
                ask(7, 1);
                if (bit(EAX, 4)) found.add(Feature.AVX_VNNI);
                if (wide && bit(EAX, 5)) found.add(Feature.AVX512_BF16);
            }
            if (amx && system.permitTiles()) {
                found.add(Feature.AMX_TILE);
                if (amxBf16) found.add(Feature.AMX_BF16);
                if (amxInt8) found.add(Feature.AMX_INT8);
            }
            return new Features(vendor, found);
        }

        private static String text(int letters) {
            var text = new StringBuilder();
            for (int i = 0; i < 32; i += 8) text.append((char) (letters >> i & 0x7F));
            return text.toString();
        }
    }
}
