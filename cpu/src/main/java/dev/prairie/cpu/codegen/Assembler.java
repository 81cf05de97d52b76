package dev.prairie.cpu.codegen;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Writes x86-64 machine code: general registers, labels and jumps, and the vector instructions of {@link Simd} in VEX or
 * EVEX form, whichever the operands need. Knows encodings and nothing else: what the processor can run is decided by
 * {@link Isa}, and what the code means is the generator's business.
 *
 * <p>Operands are written as the Intel manual does, the result first. An operand that cannot be encoded is an
 * {@link IllegalArgumentException} that names the instruction. One thread, one function; {@link #bytes} ends it.
 */
public final class Assembler {
    private static final int SHORT = 127;

    private final ByteArrayOutputStream code = new ByteArrayOutputStream();
    private final List<Label> labels = new ArrayList<>();

    /** The condition of a jump; of unsigned numbers where it says above or below. */
    public enum Condition {
        BELOW(2),
        ABOVE_OR_EQUAL(3),
        EQUAL(4),
        NOT_EQUAL(5),
        BELOW_OR_EQUAL(6),
        ABOVE(7),
        LESS(0xC),
        GREATER_OR_EQUAL(0xD),
        LESS_OR_EQUAL(0xE),
        GREATER(0xF);

        private final int code;

        Condition(int code) {
            this.code = code;
        }
    }

    /** The code so far, jumps filled in. */
    public byte[] bytes() {
        byte[] bytes = code.toByteArray();
        ByteBuffer patch = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (Label label : labels) {
            if (!label.placed()) throw new IllegalStateException("assembler: a jump leads to a label never placed");
            for (int at : label.jumps) patch.putInt(at, label.position - (at + 4));
        }
        return bytes;
    }

    // ---- labels and control -------------------------------------------------------------------------------------

    /** Places {@code label} here. */
    public void place(Label label) {
        if (label.placed()) throw new IllegalStateException("assembler: a label is placed twice");
        label.position = code.size();
        if (!labels.contains(label)) labels.add(label);
    }

    /** A new label, placed here. */
    public Label here() {
        var label = new Label();
        place(label);
        return label;
    }

    /** Fills up with instructions that do nothing until the next multiple of {@code bytes}: for the heads of loops. */
    public void align(int bytes) {
        if (bytes < 1) throw new IllegalArgumentException("align: to " + bytes + " bytes, must be at least 1");
        while (code.size() % bytes != 0) {
            int gap = bytes - code.size() % bytes;
            // the one-instruction forms that the manual recommends for NOP, up to eight bytes
            switch (Math.min(gap, 8)) {
                case 1 -> put(0x90);
                case 2 -> put(0x66, 0x90);
                case 3 -> put(0x0F, 0x1F, 0x00);
                case 4 -> put(0x0F, 0x1F, 0x40, 0x00);
                case 5 -> put(0x0F, 0x1F, 0x44, 0x00, 0x00);
                case 6 -> put(0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00);
                case 7 -> put(0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00);
                default -> put(0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00);
            }
        }
    }

    public void jump(Label to) {
        put(0xE9);
        distance(to);
    }

    public void jump(Condition condition, Label to) {
        put(0x0F, 0x80 | condition.code);
        distance(to);
    }

    public void ret() {
        put(0xC3);
    }

    /** Four bytes that are no instruction: a constant. */
    public void word(int value) {
        put32(value);
    }

    private void distance(Label to) {
        if (!labels.contains(to)) labels.add(to);
        to.jumps.add(code.size());
        put32(0);
    }

    // ---- general registers --------------------------------------------------------------------------------------

    public void push(Gpr r) {
        if (r.index() > 7) put(0x41);
        put(0x50 | (r.index() & 7));
    }

    public void pop(Gpr r) {
        if (r.index() > 7) put(0x41);
        put(0x58 | (r.index() & 7));
    }

    public void mov(Gpr to, Gpr from) {
        general(0x8B, to.index(), from);
    }

    public void mov(Gpr to, Mem from) {
        general(0x8B, to.index(), from);
    }

    public void mov(Mem to, Gpr from) {
        general(0x89, from.index(), to);
    }

    /** Sets the lower 32 bits from memory, the upper to zero. */
    public void mov32(Gpr to, Mem from) {
        rex(false, to.index(), from);
        put(0x8B);
        modrm(to.index(), from, 0);
    }

    /** Sets all 64 bits. */
    public void mov(Gpr to, long value) {
        if (value == (int) value) {
            general(0xC7, 0, to);
            put32((int) value);
        } else {
            put(0x48 | (to.index() > 7 ? 1 : 0), 0xB8 | (to.index() & 7));
            put32((int) value);
            put32((int) (value >>> 32));
        }
    }

    /** The address that {@code from} stands for. */
    public void lea(Gpr to, Mem from) {
        general(0x8D, to.index(), from);
    }

    /** The address of {@code place}, counted from here: for constants that lie behind the code. */
    public void lea(Gpr to, Label place) {
        put(0x48 | (to.index() > 7 ? 4 : 0), 0x8D, (to.index() & 7) << 3 | 5);
        distance(place);
    }

    public void add(Gpr to, Gpr value) {
        general(0x03, to.index(), value);
    }

    public void add(Gpr to, Mem value) {
        general(0x03, to.index(), value);
    }

    public void add(Gpr to, int value) {
        immediate(0, to, value);
    }

    public void sub(Gpr to, Gpr value) {
        general(0x2B, to.index(), value);
    }

    public void sub(Gpr to, int value) {
        immediate(5, to, value);
    }

    public void and(Gpr to, int value) {
        immediate(4, to, value);
    }

    public void and(Gpr to, Gpr value) {
        general(0x23, to.index(), value);
    }

    public void or(Gpr to, Gpr value) {
        general(0x0B, to.index(), value);
    }

    public void xor(Gpr to, Gpr value) {
        general(0x33, to.index(), value);
    }

    public void xor(Gpr to, int value) {
        immediate(6, to, value);
    }

    public void cmp(Gpr a, Gpr b) {
        general(0x3B, a.index(), b);
    }

    public void cmp(Gpr a, int b) {
        immediate(7, a, b);
    }

    public void test(Gpr a, Gpr b) {
        general(0x85, b.index(), a);
    }

    public void imul(Gpr to, Gpr by) {
        rex(true, to.index(), by);
        put(0x0F, 0xAF);
        modrm(to.index(), by, 0);
    }

    public void shl(Gpr r, int bits) {
        shift(4, r, bits);
    }

    public void shr(Gpr r, int bits) {
        shift(5, r, bits);
    }

    /** The least of both, unsigned: {@code to = min(to, other)}. */
    public void min(Gpr to, Gpr other) {
        cmp(to, other);
        rex(true, to.index(), other); // CMOVA
        put(0x0F, 0x47);
        modrm(to.index(), other, 0);
    }

    /** CPUID: leaf in EAX, subleaf in ECX; answers in EAX, EBX, ECX, EDX. */
    public void cpuid() {
        put(0x0F, 0xA2);
    }

    /** XGETBV: register in ECX; answers in EDX:EAX. */
    public void xgetbv() {
        put(0x0F, 0x01, 0xD0);
    }

    /** How near to the processor a line is wanted: 0 nearest, 1, 2; NTA is for data read once. */
    public enum Nearness {
        NTA(0),
        T0(1),
        T1(2),
        T2(3);

        private final int code;

        Nearness(int code) {
            this.code = code;
        }
    }

    public void prefetch(Nearness nearness, Mem at) {
        rex(false, 0, at);
        put(0x0F, 0x18);
        modrm(nearness.code, at, 0);
    }

    /** Fetches a line that is going to be written. */
    public void prefetchw(Mem at) {
        rex(false, 0, at);
        put(0x0F, 0x0D);
        modrm(1, at, 0);
    }

    /** SFENCE: stores past the caches are seen by others before any later store. */
    public void sfence() {
        put(0x0F, 0xAE, 0xF8);
    }

    private void general(int opcode, int register, Operand rm) {
        rex(true, register, rm);
        put(opcode);
        modrm(register, rm, 0);
    }

    private void shift(int extension, Gpr r, int bits) {
        if (bits < 0 || bits > 63) throw new IllegalArgumentException("shift: by " + bits + " bits, must be 0 to 63");
        general(0xC1, extension, r);
        put(bits);
    }

    private void immediate(int extension, Gpr r, int value) {
        boolean fits = value == (byte) value;
        general(fits ? 0x83 : 0x81, extension, r);
        if (fits) put(value & 0xFF);
        else put32(value);
    }

    /** REX, left out where it would say nothing. */
    private void rex(boolean wide, int register, Operand rm) {
        oneElement(rm);
        int bits = (wide ? 8 : 0) | (register > 7 ? 4 : 0);
        bits |= switch (rm) {
            case Gpr g -> g.index() > 7 ? 1 : 0;
            case Mem m -> (indexExtended(m) ? 2 : 0) | (extended(m) ? 1 : 0);
            default -> throw new IllegalArgumentException("assembler: " + rm + " in a general instruction");
        };
        if (bits != 0) put(0x40 | bits);
    }

    private static void oneElement(Operand rm) {
        if (rm instanceof Mem m && m.broadcast())
            throw new IllegalArgumentException("assembler: a broadcast needs a vector instruction, got " + m);
    }

    // ---- masks --------------------------------------------------------------------------------------------------

    /** The lower 16 bits: for 16 floats. */
    public void kmovw(Mask to, Gpr from) {
        vex3(to.index(), 0, from, 1, 0, 0, 0);
        put(0x92);
        modrm(to.index(), from, 0);
    }

    /** The lower 32 bits: for 32 words. */
    public void kmovd(Mask to, Gpr from) {
        vex3(to.index(), 0, from, 1, 0, 3, 0);
        put(0x92);
        modrm(to.index(), from, 0);
    }

    /** All 64 bits: for 64 bytes. */
    public void kmovq(Mask to, Gpr from) {
        vex3(to.index(), 0, from, 1, 1, 3, 0);
        put(0x92);
        modrm(to.index(), from, 0);
    }

    /** {@code to = not from}, 16 bits. */
    public void knotw(Mask to, Mask from) {
        vex3(to.index(), 0, from, 1, 0, 0, 0);
        put(0x44);
        modrm(to.index(), from, 0);
    }

    // ---- tiles --------------------------------------------------------------------------------------------------

    /** Sets rows and columns of all tiles from 64 bytes. */
    public void ldtilecfg(Mem from) {
        tile(0x49, 0, 0, 0, from);
    }

    public void tilerelease() {
        put(0xC4, 0xE2, 0x78, 0x49, 0xC0);
    }

    public void tilezero(Tile t) {
        vex3(t.index(), 0, Tile.tmm(0), 2, 0, 3, 0);
        put(0x49, 0xC0 | t.index() << 3);
    }

    /** Rows at {@code base + displacement}, {@code index * scale} bytes apart. */
    public void tileloadd(Tile to, Mem from) {
        if (from.index() == null) throw new IllegalArgumentException("tileloadd: needs an index, the distance of rows");
        tile(0x4B, 3, to.index(), 0, from);
    }

    /** Rows to {@code base + displacement}, {@code index * scale} bytes apart. */
    public void tilestored(Mem to, Tile from) {
        if (to.index() == null) throw new IllegalArgumentException("tilestored: needs an index, the distance of rows");
        tile(0x4B, 2, from.index(), 0, to);
    }

    /** {@code sum(16, 16) += a(16, 32) · b}, BF16 in, F32 out; b holds pairs: {@code b[k/2][n][k%2]}. */
    public void tdpbf16ps(Tile sum, Tile a, Tile b) {
        different("tdpbf16ps", sum, a, b);
        tile(0x5C, 2, sum.index(), b.index(), a);
    }

    /** {@code sum(16, 16) += a(16, 64) · b}, signed bytes, I32 out; b holds quads: {@code b[k/4][n][k%4]}. */
    public void tdpbssd(Tile sum, Tile a, Tile b) {
        different("tdpbssd", sum, a, b);
        tile(0x5E, 3, sum.index(), b.index(), a);
    }

    private static void different(String op, Tile sum, Tile a, Tile b) {
        if (sum.equals(a) || sum.equals(b) || a.equals(b))
            throw new IllegalArgumentException(
                    op + ": needs three different tiles, got " + sum + ", " + a + " and " + b);
    }

    private void tile(int opcode, int prefixBits, int register, int vvvv, Operand rm) {
        oneElement(rm);
        vex3(register, vvvv, rm, 2, 0, prefixBits, 0);
        put(opcode);
        modrm(register, rm, 0);
    }

    // ---- vectors ------------------------------------------------------------------------------------------------

    /** Forgets the upper halves of all vectors: before returning to code that uses SSE. */
    public void vzeroupper() {
        put(0xC5, 0xF8, 0x77);
    }

    /** {@code op operands…}. */
    public void emit(Simd op, Operand... operands) {
        if (op.form.immediate()) throw refused(op, "needs an immediate");
        vector(op, 0, null, false, operands);
    }

    /** {@code op operands…, immediate}. */
    public void emit(Simd op, int immediate, Operand... operands) {
        if (!op.form.immediate()) throw refused(op, "takes no immediate");
        vector(op, immediate, null, false, operands);
    }

    /** Only the lanes of {@code mask}; the others stay as they are (in a comparison: become 0). */
    public void masked(Mask mask, Simd op, Operand... operands) {
        if (op.form.immediate()) throw refused(op, "needs an immediate");
        vector(op, 0, mask, false, operands);
    }

    /** Only the lanes of {@code mask}; the others stay as they are (in a comparison: become 0). */
    public void masked(Mask mask, Simd op, int immediate, Operand... operands) {
        if (!op.form.immediate()) throw refused(op, "takes no immediate");
        vector(op, immediate, mask, false, operands);
    }

    /** Only the lanes of {@code mask}; the others become zero. */
    public void zeroed(Mask mask, Simd op, Operand... operands) {
        if (op.form.immediate()) throw refused(op, "needs an immediate");
        vector(op, 0, mask, true, operands);
    }

    private void vector(Simd op, int imm, @Nullable Mask mask, boolean zero, Operand... operands) {
        check(op, imm, operands);
        Operand first = operands[0];
        Operand last = operands[operands.length - 1];
        Operand register = op.form.stores() ? last : first;
        Operand rm = op.form.stores() ? first : last;
        int reg = number(op, register);
        int extra = operands.length == 3 ? number(op, operands[1]) : 0;
        if (op.form.shift()) { // result in the extra field, the opcode's extension in the register field
            extra = reg;
            reg = op.form.extension();
        }
        int bits = width(op, operands);
        boolean broadcast = rm instanceof Mem m && m.broadcast();
        boolean high = reg > 15 || extra > 15 || (rm instanceof Vec v && v.index() > 15);
        boolean shiftsMemory = op.form.shift() && rm instanceof Mem; // new with EVEX
        boolean evex = bits == 512 || high || mask != null || broadcast || shiftsMemory || !op.vex();
        if (evex && !op.evex()) throw refused(op, "has no EVEX form, which these operands need");
        if (broadcast && op.tuple.broadcast() == 0) throw refused(op, "cannot broadcast");
        if (mask != null && !op.form.masks()) throw refused(op, "cannot be masked");
        if (mask != null && mask.index() == 0) throw refused(op, "is masked by k0, which means no mask; use k1 to k7");
        if (zero && rm instanceof Mem && op.form.stores()) throw refused(op, "cannot zero lanes of memory");
        if (zero && register instanceof Mask) throw refused(op, "has a mask as its result, which is zeroed anyway");
        if (evex) {
            int p2 = (zero ? 0x80 : 0) | (bits / 256) << 5 | (broadcast ? 0x10 : 0) | (extra > 15 ? 0 : 8);
            evex(op, reg, extra, rm, p2 | (mask == null ? 0 : mask.index()));
            put(op.opcode);
            modrm(reg, rm, op.tuple.unit(bits, broadcast));
        } else {
            vex(op, reg, extra, rm, bits == 256 ? 1 : 0);
            put(op.opcode);
            modrm(reg, rm, 0);
        }
        if (op.form.immediate()) put(imm & 0xFF);
    }

    private static void check(Simd op, int imm, Operand... operands) {
        int count = op.form.operands();
        if (operands.length != count) throw refused(op, "takes " + count + " operands, got " + operands.length);
        if (imm < 0 || imm > 255) throw refused(op, "has an immediate of " + imm + ", must be 0 to 255");
        int bits = width(op, operands);
        boolean legal = op.form.accepts(bits);
        for (int i = 0; i < count; i++) legal &= op.form.accepts(i, operands[i], bits);
        if (!legal) throw refused(op, "cannot take " + Arrays.toString(operands) + "; it is " + op.form);
    }

    /** The widest operand decides; a conversion to half the width from memory shows only its result. */
    private static int width(Simd op, Operand... operands) {
        int bits = 128;
        for (Operand o : operands) if (o instanceof Vec v) bits = Math.max(bits, v.bits());
        return op.form == Simd.Form.RM_TO_HALF && operands[1] instanceof Mem ? 2 * bits : bits;
    }

    private static int number(Simd op, Operand o) {
        return switch (o) {
            case Vec v -> v.index();
            case Mask k -> k.index();
            case Gpr g -> g.index();
            case Tile t -> t.index();
            case Mem m -> throw refused(op, "has memory where a register must be");
        };
    }

    private static IllegalArgumentException refused(Simd op, String why) {
        return new IllegalArgumentException(
                "assembler: " + op.name().toLowerCase(Locale.ROOT).replace('_', ' ') + " " + why);
    }

    private void vex(Simd op, int reg, int extra, Operand rm, int length) {
        boolean small = op.space == Simd.Space.M0F && op.w == 0 && !extended(rm) && !indexExtended(rm);
        if (small) put(0xC5, (reg > 7 ? 0 : 0x80) | (~extra & 15) << 3 | length << 2 | op.prefixBits());
        else vex3(reg, extra, rm, op.space.number, op.w, op.prefixBits(), length);
    }

    private void vex3(int reg, int extra, Operand rm, int map, int w, int prefixBits, int length) {
        put(0xC4, (reg > 7 ? 0 : 0x80) | (indexExtended(rm) ? 0 : 0x40) | (extended(rm) ? 0 : 0x20) | map);
        put(w << 7 | (~extra & 15) << 3 | length << 2 | prefixBits);
    }

    private void evex(Simd op, int reg, int extra, Operand rm, int p2) {
        boolean fifth = rm instanceof Vec v ? (v.index() & 16) != 0 : indexExtended(rm);
        int p0 = ((reg & 8) != 0 ? 0 : 0x80)
                | (fifth ? 0 : 0x40)
                | (extended(rm) ? 0 : 0x20)
                | (reg > 15 ? 0 : 0x10)
                | op.space.number;
        put(0x62, p0);
        put(op.w << 7 | (~extra & 15) << 3 | 4 | op.prefixBits(), p2);
    }

    /** Whether the fourth bit of the register, or of the base, is set. */
    private static boolean extended(Operand rm) {
        return switch (rm) {
            case Vec v -> (v.index() & 8) != 0;
            case Gpr g -> g.index() > 7;
            case Mem m -> m.base().index() > 7;
            case Mask k -> false;
            case Tile t -> false;
        };
    }

    private static boolean indexExtended(Operand rm) {
        return rm instanceof Mem m && m.index() != null && m.index().index() > 7;
    }

    // ---- bytes --------------------------------------------------------------------------------------------------

    /** ModRM, SIB and displacement. {@code unit}: what a one-byte displacement counts in, 0 for bytes. */
    private void modrm(int register, Operand rm, int unit) {
        int reg = (register & 7) << 3;
        switch (rm) {
            case Vec v -> put(0xC0 | reg | (v.index() & 7));
            case Gpr g -> put(0xC0 | reg | (g.index() & 7));
            case Mask k -> put(0xC0 | reg | k.index());
            case Tile t -> put(0xC0 | reg | t.index());
            case Mem m -> memory(reg, m, Math.max(unit, 1));
        }
    }

    private void memory(int reg, Mem m, int unit) {
        int base = m.base().index() & 7;
        boolean sib = m.index() != null || base == 4; // RSP and R12 as a base mean that a SIB byte follows
        int d = m.displacement();
        boolean none = d == 0 && base != 5; // RBP and R13 without displacement mean something else
        boolean small = d % unit == 0 && d / unit <= SHORT && d / unit >= -SHORT - 1;
        put((none ? 0 : small ? 0x40 : 0x80) | reg | (sib ? 4 : base));
        if (sib) {
            int index = m.index() == null ? 4 : m.index().index() & 7;
            put(Integer.numberOfTrailingZeros(m.scale()) << 6 | index << 3 | base);
        }
        if (none) return;
        if (small) put(d / unit & 0xFF);
        else put32(d);
    }

    private void put(int... bytes) {
        for (int b : bytes) code.write(b);
    }

    private void put32(int value) {
        put(value & 0xFF, value >> 8 & 0xFF, value >> 16 & 0xFF, value >> 24 & 0xFF);
    }
}
