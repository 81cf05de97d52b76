package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.prairie.cpu.codegen.Simd.Form;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Every vector instruction, in both encodings and with every kind of operand, reads as it was written; and what is not an
 * instruction is refused. What is legal stands here a second time, spelled out from the manual.
 */
class SimdTest {
    /** Unlike any that a disassembler has a name for; all bits of a comparison in it are legal. */
    private static final int IMMEDIATE = 0x5B;

    private static final List<Gpr> REGISTERS = List.of(Gpr.values());
    private static final int[] LOW = {3, 12};
    private static final int[] ALL = {3, 12, 17, 30};
    private static final Gpr[] BASES = {Gpr.RAX, Gpr.RSP, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R9};

    /** Ways to write the operands: x, y, z vectors; k a mask, r a general register, m memory. */
    private static String legal(Simd op) {
        String both = "xx xm yy ym zz zm";
        String three = "xxx xxm yyy yym zzz zzm";
        return switch (op.form) {
            case RM, RMI -> both;
            case RM_MEMORY -> "xm";
            case RM_MEMORY_YMM -> "ym";
            case RM_MEMORY_WIDE -> "ym zm";
            case RM_GPR -> "xr xm";
            case RM_SCALAR, RM_QUARTER -> "xx xm yx ym zx zm";
            case RM_HALF -> "xx xm yx ym zy zm";
            case RM_TO_HALF -> "xx xy xm yz ym";
            case MR -> "xx mx yy my zz mz";
            case MR_MEMORY -> "mx";
            case MR_STREAM -> "mx my mz";
            case MR_HALF, MRI_HALF -> "xx mx xy my yz mz";
            case MR_QUARTER -> "xx mx xy my xz mz";
            case MVR_MEMORY -> "mxx myy";
            case RMI_WIDE -> "yy ym zz zm";
            case RVM, RVMI -> three;
            case RVM_MEMORY -> "xxm yym";
            case RVM_WIDE, RVMI_WIDE -> "yyy yym zzz zzm";
            case RVMI_YMM -> "yyy yym";
            case RVMI_128 -> "yyx yym zzx zzm";
            case RVMI_256 -> "zzy zzm";
            case KVMI -> "kxx kxm kyy kym kzz kzm";
            case MRI_128 -> "xy my xz mz";
            case MRI_256 -> "yz mz";
            case SHIFT_LEFT, SHIFT_RIGHT, SHIFT_ARITHMETIC -> op.evex() ? both : "xx yy zz";
        };
    }

    private static List<String> signatures(Simd op) {
        return Arrays.stream(legal(op).split(" "))
                .filter(s -> op.evex() || !s.contains("z"))
                .toList();
    }

    private static boolean mayMask(Simd op) {
        return op.evex() && op.form != Form.RM_GPR && op.form != Form.MR_STREAM;
    }

    /** The width of the instruction in bits: that of its widest register, or twice that of a halved result. */
    private static int width(Simd op, String signature) {
        int bits = signature.contains("z") ? 512 : signature.contains("y") ? 256 : 128;
        return op.form == Form.RM_TO_HALF && signature.endsWith("m") ? 2 * bits : bits;
    }

    private static String size(Simd op, String signature) {
        int bits = switch (op.tuple) {
            case FULL4, FULL8, FULL_MEM -> width(op, signature);
            case HALF_MEM -> width(op, signature) / 2;
            case QUARTER_MEM -> width(op, signature) / 4;
            case SCALAR1 -> 8;
            case SCALAR2 -> 16;
            case SCALAR4 -> 32;
            case SCALAR8 -> 64;
            case MEM128 -> 128;
            case MEM256 -> 256;
        };
        return switch (bits) {
            case 8 -> "BYTE";
            case 16 -> "WORD";
            case 32 -> "DWORD";
            case 64 -> "QWORD";
            case 128 -> "XMMWORD";
            case 256 -> "YMMWORD";
            default -> "ZMMWORD";
        };
    }

    private static Operand operand(char kind, int number, Mem memory) {
        return switch (kind) {
            case 'x' -> Vec.xmm(number);
            case 'y' -> Vec.ymm(number);
            case 'z' -> Vec.zmm(number);
            case 'k' -> Mask.k(number % 8);
            case 'r' -> REGISTERS.get(number % 16);
            case 't' -> Tile.tmm(number % 8);
            default -> memory;
        };
    }

    private static String text(Simd op, String signature, String decoration, Operand... operands) {
        String name = op.name().toLowerCase(Locale.ROOT);
        var text = new StringBuilder(name.contains("_") ? name.substring(0, name.indexOf('_')) : name);
        for (int i = 0; i < operands.length; i++) {
            text.append(i == 0 ? " " : ",");
            text.append(
                    switch (operands[i]) {
                        case Gpr g when op == Simd.VMOVD -> Text.low(g);
                        case Gpr g -> g.name().toLowerCase(Locale.ROOT);
                        case Mem m
                        when m.broadcast() ->
                            (op.tuple.broadcast() == 8 ? "QWORD" : "DWORD") + " BCST " + Text.address(m);
                        case Mem m -> size(op, signature) + " PTR " + Text.address(m);
                        default -> operands[i].toString();
                    });
            if (i == 0) text.append(decoration);
        }
        if (op.form.immediate()) text.append(",").append(Text.hex(IMMEDIATE));
        return text.toString();
    }

    private record Writer(Disassembly all, Simd op, String signature) {
        void plain(Operand... operands) {
            all.add(text(op, signature, "", operands), a -> {
                if (op.form.immediate()) a.emit(op, IMMEDIATE, operands);
                else a.emit(op, operands);
            });
        }

        void masked(Mask mask, Operand... operands) {
            all.add(text(op, signature, "{" + mask + "}", operands), a -> {
                if (op.form.immediate()) a.masked(mask, op, IMMEDIATE, operands);
                else a.masked(mask, op, operands);
            });
        }

        void zeroed(Mask mask, Operand... operands) {
            all.add(text(op, signature, "{" + mask + "}{z}", operands), a -> a.zeroed(mask, op, operands));
        }

        /** All combinations of numbers of registers. */
        void registers(int[] numbers) {
            int n = signature.length();
            for (int code = 0; code < Math.pow(numbers.length, n); code++) {
                Operand[] operands = new Operand[n];
                for (int i = 0, rest = code; i < n; i++, rest /= numbers.length)
                    operands[i] = operand(signature.charAt(i), numbers[rest % numbers.length], Mem.at(Gpr.RDI));
                plain(operands);
            }
        }

        /** All kinds of addresses, the registers changing. */
        void memory(int[] numbers) {
            int turn = 0;
            for (Mem m : places()) plain(operands(numbers, turn++, m));
        }

        void decorated(int[] numbers) {
            int turn = 0;
            Mem near = Mem.at(Gpr.RSI, 0x40);
            for (int k = 1; k < 8; k++) {
                Operand[] operands = operands(numbers, turn++, near);
                masked(Mask.k(k), operands);
                if (!op.form.immediate() && !(operands[0] instanceof Mem)) zeroed(Mask.k(k), operands);
            }
            if (op.tuple.broadcast() == 0 || !signature.endsWith("m")) return;
            for (Mem m : places()) {
                Operand[] operands = operands(numbers, turn++, m.toAllLanes());
                plain(operands);
                masked(Mask.k(1 + turn % 7), operands);
            }
        }

        private Operand[] operands(int[] numbers, int turn, Mem m) {
            Operand[] operands = new Operand[signature.length()];
            for (int i = 0; i < operands.length; i++)
                operands[i] = operand(signature.charAt(i), numbers[(turn + i * (turn / 4 + 1)) % numbers.length], m);
            return operands;
        }
    }

    /** Every base, with and without index, and displacements on both sides of every limit of one (scaled) byte. */
    private static List<Mem> places() {
        var places = new ArrayList<Mem>();
        for (Gpr base : BASES) {
            places.add(Mem.at(base));
            places.add(Mem.at(base, 0x40));
            places.add(Mem.at(base, -0x12345));
            places.add(Mem.at(base, Gpr.RCX, 1, 0));
            places.add(Mem.at(base, Gpr.R14, 8, 0x100));
        }
        places.add(Mem.at(Gpr.RBX, Gpr.RBP, 2, 3));
        places.add(Mem.at(Gpr.R15, Gpr.R12, 4, -0x80));
        for (int unit = 1; unit <= 64; unit *= 2)
            for (int count : new int[] {1, -1, 127, 128, -128, -129}) places.add(Mem.at(Gpr.RDX, unit * count));
        return places;
    }

    @Test
    void everyInstructionReadsAsItWasWritten() throws Exception {
        var all = new Disassembly();
        for (Simd op : Simd.values())
            for (String signature : signatures(op)) {
                var writer = new Writer(all, op, signature);
                int[] numbers = op.evex() ? ALL : LOW;
                writer.registers(numbers);
                if (signature.contains("m")) writer.memory(LOW);
                if (signature.contains("m") && op.evex()) writer.memory(new int[] {17, 3, 30, 12, 29});
                if (mayMask(op)) writer.decorated(numbers);
            }
        assertThat(all.size()).isGreaterThan(50_000);
        all.check();
    }

    @Test
    void exactlyTheLegalKindsOfOperandsAreAccepted() {
        for (Simd op : Simd.values()) {
            Set<String> accepted = new TreeSet<>();
            collect(op, "", accepted);
            assertThat(accepted).as(op.name()).isEqualTo(new TreeSet<>(signatures(op)));
        }
    }

    private static void collect(Simd op, String signature, Set<String> accepted) {
        if (!signature.isEmpty() && accepts(op, signature)) accepted.add(signature);
        if (signature.length() < 3) for (char kind : "xyzkrmt".toCharArray()) collect(op, signature + kind, accepted);
    }

    private static boolean accepts(Simd op, String signature) {
        Operand[] operands = new Operand[signature.length()];
        for (int i = 0; i < operands.length; i++) operands[i] = operand(signature.charAt(i), i + 1, Mem.at(Gpr.RDI));
        var a = new Assembler();
        try {
            if (op.form.immediate()) a.emit(op, IMMEDIATE, operands);
            else a.emit(op, operands);
            return true;
        } catch (IllegalArgumentException e) {
            assertThat(e)
                    .hasMessageContaining(
                            "assembler: " + op.name().toLowerCase(Locale.ROOT).replace('_', ' '));
            assertThat(a.bytes()).as("nothing half written").isEmpty();
            return false;
        }
    }

    @Test
    void theShorterFormIsTakenWhereBothExist() {
        var a = new Assembler();
        a.emit(Simd.VADDPS, Vec.ymm(1), Vec.ymm(2), Vec.ymm(3));
        assertThat(a.bytes()).hasSize(4);
        a.emit(Simd.VADDPS, Vec.ymm(1), Vec.ymm(2), Vec.ymm(8)); // three bytes of prefix
        assertThat(a.bytes()).hasSize(4 + 5);
        a.emit(Simd.VADDPS, Vec.ymm(1), Vec.ymm(2), Vec.ymm(16)); // EVEX: four
        assertThat(a.bytes()).hasSize(4 + 5 + 6);
    }

    @Test
    void shortDisplacementsAreScaled() {
        for (int vectors : new int[] {1, 127, -128}) {
            var a = new Assembler();
            a.emit(Simd.VADDPS, Vec.zmm(1), Vec.zmm(2), Mem.at(Gpr.RAX, 64 * vectors));
            assertThat(a.bytes()).hasSize(7);
        }
        var a = new Assembler();
        a.emit(Simd.VADDPS, Vec.zmm(1), Vec.zmm(2), Mem.at(Gpr.RAX, 4).toAllLanes());
        assertThat(a.bytes()).hasSize(7);
    }

    @Test
    void whatTheOperandsAskForAndTheInstructionHasNotIsRefused() {
        Vec z = Vec.zmm(1), y = Vec.ymm(1), x = Vec.xmm(1);
        Mem m = Mem.at(Gpr.RAX);
        Mask k = Mask.k(1);
        refused("vaddps takes 3 operands, got 2", a -> a.emit(Simd.VADDPS, z, z));
        refused("vaddps takes no immediate", a -> a.emit(Simd.VADDPS, 1, z, z, z));
        refused("vaddps takes no immediate", a -> a.masked(k, Simd.VADDPS, 1, z, z, z));
        refused("vshufps needs an immediate", a -> a.emit(Simd.VSHUFPS, z, z, z));
        refused("vshufps needs an immediate", a -> a.masked(k, Simd.VSHUFPS, z, z, z));
        refused("vshufps needs an immediate", a -> a.zeroed(k, Simd.VSHUFPS, z, z, z));
        refused("vpand has no EVEX form", a -> a.emit(Simd.VPAND, y, y, Vec.ymm(16)));
        refused("vpand has no EVEX form", a -> a.emit(Simd.VPAND, z, z, z));
        refused("vpand has no EVEX form", a -> a.masked(k, Simd.VPAND, y, y, y));
        refused("vpsllw cannot broadcast", a -> a.emit(Simd.VPSLLW, 3, z, m.toAllLanes()));
        refused("vpaddw cannot broadcast", a -> a.emit(Simd.VPADDW, z, z, m.toAllLanes()));
        refused("vmovups store cannot zero", a -> a.zeroed(k, Simd.VMOVUPS_STORE, m, z));
        refused("vmovd cannot be masked", a -> a.masked(k, Simd.VMOVD, x, Gpr.RAX));
        refused("vmovntps cannot be masked", a -> a.masked(k, Simd.VMOVNTPS, m, z));
        refused("k0", a -> a.masked(Mask.k(0), Simd.VADDPS, z, z, z));
        refused("k0", a -> a.zeroed(Mask.k(0), Simd.VADDPS, z, z, z));
        refused("256", a -> a.emit(Simd.VSHUFPS, 256, z, z, z));
        refused("-1", a -> a.emit(Simd.VSHUFPS, -1, z, z, z));
    }

    private static void refused(String why, Consumer<Assembler> write) {
        var a = new Assembler();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> write.accept(a))
                .withMessageContaining("assembler: ")
                .withMessageContaining(why);
        assertThat(a.bytes()).isEmpty();
    }
}
