package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Gpr.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.cpu.codegen.Assembler.Condition;
import dev.prairie.cpu.codegen.Assembler.Nearness;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** General registers, jumps, masks and tiles: every instruction reads as it was written. */
class AssemblerTest {
    private static final List<Mem> PLACES = List.of(
            Mem.at(RAX),
            Mem.at(RSP),
            Mem.at(RBP),
            Mem.at(R12),
            Mem.at(R13),
            Mem.at(RDI, 127),
            Mem.at(R9, -128),
            Mem.at(R12, 128),
            Mem.at(RSP, -129),
            Mem.at(R13, 0x12345),
            Mem.at(RBX, -0x12345),
            Mem.at(RAX, RCX, 1, 0),
            Mem.at(RBP, R12, 2, 0),
            Mem.at(R13, RBP, 4, 8),
            Mem.at(R15, R14, 8, -1000));

    private interface Two<A, B> {
        void write(Assembler a, A first, B second);
    }

    private interface One<A> extends BiConsumer<Assembler, A> {}

    private final Disassembly all = new Disassembly();

    private static String text(Object o) {
        return switch (o) {
            case Gpr g -> g.name().toLowerCase(Locale.ROOT);
            case Mem m -> Text.address(m);
            case Integer i -> Text.hex(i);
            default -> o.toString();
        };
    }

    private void registers(String name, Two<Gpr, Gpr> write) {
        for (Gpr x : Gpr.values())
            for (Gpr y : Gpr.values()) all.add(name + " " + text(x) + "," + text(y), a -> write.write(a, x, y));
    }

    private void numbers(String name, Two<Gpr, Integer> write) {
        for (Gpr x : Gpr.values())
            for (int value : new int[] {0, 1, -1, 127, 128, -128, -129, 0x12345678, Integer.MIN_VALUE})
                // RAX with four bytes has a shorter form, which the assembler does not use, but reads the same
                all.add(name + " " + text(x) + "," + Text.hex64(value), a -> write.write(a, x, value));
    }

    private void memory(String name, String size, Two<Gpr, Mem> write) {
        for (Gpr x : Gpr.values())
            for (Mem m : PLACES) all.add(name + " " + text(x) + "," + size + text(m), a -> write.write(a, x, m));
    }

    private void single(String name, One<Gpr> write) {
        for (Gpr x : Gpr.values()) all.add(name + " " + text(x), a -> write.accept(a, x));
    }

    @Test
    void generalRegisters() throws Exception {
        single("push", Assembler::push);
        single("pop", Assembler::pop);
        registers("mov", Assembler::mov);
        registers("add", Assembler::add);
        registers("sub", Assembler::sub);
        registers("and", Assembler::and);
        registers("or", Assembler::or);
        registers("xor", Assembler::xor);
        registers("cmp", Assembler::cmp);
        registers("test", Assembler::test);
        registers("imul", Assembler::imul);
        numbers("add", Assembler::add);
        numbers("sub", Assembler::sub);
        numbers("and", Assembler::and);
        numbers("xor", Assembler::xor);
        numbers("cmp", Assembler::cmp);
        numbers("mov", (a, x, value) -> a.mov(x, value.longValue()));
        memory("mov", "QWORD PTR ", Assembler::mov);
        memory("add", "QWORD PTR ", Assembler::add);
        memory("lea", "", Assembler::lea);
        for (Gpr x : Gpr.values()) {
            for (Mem m : PLACES) {
                all.add("mov QWORD PTR " + text(m) + "," + text(x), a -> a.mov(m, x));
                all.add("mov " + Text.low(x) + ",DWORD PTR " + text(m), a -> a.mov32(x, m));
            }
            for (long value : new long[] {0x123456789ABCDEFL, 1L << 31, -1L << 32, Long.MIN_VALUE, 0xFFFFFFFFL})
                all.add("movabs " + text(x) + ",0x" + Long.toHexString(value), a -> a.mov(x, value));
            for (int bits : new int[] {2, 31, 32, 63}) {
                all.add("shl " + text(x) + "," + Text.hex(bits), a -> a.shl(x, bits));
                all.add("shr " + text(x) + "," + Text.hex(bits), a -> a.shr(x, bits));
            }
        }
        for (Mem m : PLACES) {
            for (Nearness n : Nearness.values())
                all.add("prefetch" + n.name().toLowerCase(Locale.ROOT) + " BYTE PTR " + text(m), a -> a.prefetch(n, m));
            all.add("prefetchw BYTE PTR " + text(m), a -> a.prefetchw(m));
        }
        all.add("ret", Assembler::ret);
        all.add("cpuid", Assembler::cpuid);
        all.add("xgetbv", Assembler::xgetbv);
        all.add("vzeroupper", Assembler::vzeroupper);
        all.add("sfence", Assembler::sfence);
        all.check();
    }

    /** Two instructions: the bytes are parted behind the first, which has three. */
    @Test
    void theLeastOfTwo() throws Exception {
        for (Gpr x : Gpr.values())
            for (Gpr y : Gpr.values()) {
                var a = new Assembler();
                a.min(x, y);
                byte[] both = a.bytes();
                String operands = " " + text(x) + "," + text(y);
                all.add("cmp" + operands, Arrays.copyOf(both, 3));
                all.add("cmova" + operands, Arrays.copyOfRange(both, 3, both.length));
            }
        all.check();
    }

    @Test
    void masksAndTiles() throws Exception {
        for (int i = 0; i < 8; i++) {
            Mask k = Mask.k(i);
            for (Gpr x : Gpr.values()) {
                all.add("kmovw " + k + "," + Text.low(x), a -> a.kmovw(k, x));
                all.add("kmovd " + k + "," + Text.low(x), a -> a.kmovd(k, x));
                all.add("kmovq " + k + "," + text(x), a -> a.kmovq(k, x));
            }
            for (int j = 0; j < 8; j++) {
                Mask from = Mask.k(j);
                all.add("knotw " + k + "," + from, a -> a.knotw(k, from));
            }
            Tile t = Tile.tmm(i);
            all.add("tilezero " + t, a -> a.tilezero(t));
            for (Mem m : PLACES)
                if (m.index() != null) {
                    all.add("tileloadd " + t + "," + text(m), a -> a.tileloadd(t, m));
                    all.add("tilestored " + text(m) + "," + t, a -> a.tilestored(m, t));
                }
            // Sum, a and b must be three different registers: others are not instructions.
            for (int j = 0; j < 8; j++)
                for (int l = 0; l < 8; l++) {
                    if (i == j || j == l || i == l) continue;
                    Tile x = Tile.tmm(j), y = Tile.tmm(l);
                    all.add("tdpbf16ps " + t + "," + x + "," + y, a -> a.tdpbf16ps(t, x, y));
                    all.add("tdpbssd " + t + "," + x + "," + y, a -> a.tdpbssd(t, x, y));
                }
        }
        for (Mem m : PLACES) all.add("ldtilecfg " + text(m), a -> a.ldtilecfg(m));
        all.add("tilerelease", Assembler::tilerelease);
        all.check();
    }

    @Test
    void jumpsForwardAndBack() throws Exception {
        var a = new Assembler();
        Label top = a.here();
        var end = new Label();
        a.ret();
        for (Condition c : Condition.values()) {
            a.jump(c, end);
            a.jump(c, top);
        }
        a.jump(end);
        a.jump(top);
        a.place(end);
        byte[] code = a.bytes();
        int last = code.length;
        String[] names = {"jb", "jae", "je", "jne", "jbe", "ja", "jl", "jge", "jle", "jg"};
        int at = 0;
        all.add("ret", Arrays.copyOfRange(code, at, at += 1));
        for (String name : names) {
            all.add(name + " " + Text.hex(last), Arrays.copyOfRange(code, at, at += 6));
            all.add(name + " 0x0", Arrays.copyOfRange(code, at, at += 6));
        }
        all.add("jmp " + Text.hex(last), Arrays.copyOfRange(code, at, at += 5));
        all.add("jmp 0x0", Arrays.copyOfRange(code, at, at += 5));
        assertThat(at).isEqualTo(last);
        all.check();
    }

    @Test
    void constantsBehindTheCode() throws Exception {
        for (Gpr x : Gpr.values()) {
            var a = new Assembler();
            var constant = new Label();
            a.lea(x, constant);
            a.ret();
            a.ret();
            a.place(constant);
            a.word(0x90C3D8F7);
            byte[] code = a.bytes();
            assertThat(Arrays.copyOfRange(code, 9, 13)).containsExactly(0xF7, 0xD8, 0xC3, 0x90); // lowest first
            all.add("lea " + text(x) + ",[rip+0x2]", Arrays.copyOf(code, 7));
            all.add("ret", Arrays.copyOfRange(code, 7, 8));
            all.add("ret", Arrays.copyOfRange(code, 8, 9));
        }
        all.check();
    }

    /** Who adds an instruction adds its test, and then its name here. */
    @Test
    void nothingIsLeftOut() {
        assertThat(Arrays.stream(Assembler.class.getDeclaredMethods())
                        .filter(m -> Modifier.isPublic(m.getModifiers()))
                        .map(Method::getName)
                        .distinct())
                .containsExactlyInAnyOrder(
                        ("bytes place here align jump ret word push pop mov mov32 lea add sub and or xor cmp test imul shl"
                                        + " shr min cpuid xgetbv prefetch prefetchw kmovw kmovd kmovq knotw ldtilecfg"
                                        + " tilerelease tilezero tileloadd tilestored tdpbf16ps tdpbssd vzeroupper sfence emit"
                                        + " masked zeroed")
                                .split(" ", -1));
    }

    @Test
    void fillingUpTakesOneInstructionOfUpToEightBytes() throws Exception {
        String[] nops = {
            "nop",
            "xchg ax,ax",
            "nop DWORD PTR [rax]",
            "nop DWORD PTR [rax]",
            "nop DWORD PTR [rax+rax*1]",
            "nop WORD PTR [rax+rax*1]",
            "nop DWORD PTR [rax]",
            "nop DWORD PTR [rax+rax*1]"
        };
        for (int gap = 1; gap <= 8; gap++) {
            var a = new Assembler();
            for (int i = gap; i < 16; i++) a.ret();
            a.align(16);
            a.align(16); // is there already
            assertThat(a.bytes()).hasSize(16);
            all.add(nops[gap - 1], Arrays.copyOfRange(a.bytes(), 16 - gap, 16));
        }
        all.check();
        var a = new Assembler();
        a.ret();
        a.align(64);
        assertThat(a.bytes()).hasSize(64);
    }

    @Test
    void labelsAreCheckedAtTheEnd() {
        var a = new Assembler();
        var nowhere = new Label();
        a.jump(nowhere);
        assertThatThrownBy(a::bytes).isInstanceOf(IllegalStateException.class).hasMessageContaining("never placed");
        a.place(nowhere);
        assertThatThrownBy(() -> a.place(nowhere))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("twice");
    }

    @Test
    void whatCannotBeEncodedIsRefused() {
        var a = new Assembler();
        refused("needs an index", () -> a.tileloadd(Tile.tmm(0), Mem.at(RAX)));
        refused("needs an index", () -> a.tilestored(Mem.at(RAX), Tile.tmm(0)));
        refused("three different", () -> a.tdpbf16ps(Tile.tmm(0), Tile.tmm(1), Tile.tmm(0)));
        refused("three different", () -> a.tdpbssd(Tile.tmm(1), Tile.tmm(1), Tile.tmm(0)));
        refused("broadcast", () -> a.mov(RAX, Mem.at(RAX).toAllLanes()));
        refused("broadcast", () -> a.prefetch(Nearness.T0, Mem.at(RAX).toAllLanes()));
        refused("broadcast", () -> a.ldtilecfg(Mem.at(RAX).toAllLanes()));
        refused("64", () -> a.shl(RAX, 64));
        refused("-1", () -> a.shr(RAX, -1));
        refused("0", () -> a.align(0));
        refused("scale 3", () -> Mem.at(RAX, RCX, 3, 0));
        refused("RSP", () -> Mem.at(RAX, RSP, 1, 0));
        refused("32", () -> Vec.zmm(32));
        refused("-1", () -> Vec.xmm(-1));
        refused("64 bits", () -> new Vec(0, 64));
        refused("8", () -> Mask.k(8));
        refused("8", () -> Tile.tmm(8));
        assertThat(a.bytes()).isEmpty();
    }

    private static void refused(String why, ThrowingCallable call) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageContaining(why);
    }
}
