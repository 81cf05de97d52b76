package dev.prairie.cpu.codegen;

import static dev.prairie.cpu.codegen.Simd.Encoding.*;
import static dev.prairie.cpu.codegen.Simd.Form.*;
import static dev.prairie.cpu.codegen.Simd.Space.*;
import static dev.prairie.cpu.codegen.Simd.Tuple.*;

/**
 * The vector instructions that {@link Assembler} can emit: one line each, as in the Intel SDM (volume 2, order number
 * 325383). A test lets a disassembler read every line back in every kind of operand.
 *
 * <p>To add one, copy its VEX or EVEX line from the manual: prefix, map, W, opcode, operands, and how EVEX scales a
 * short displacement (table 2-34 there).
 */
public enum Simd {
    // ---- moves
    VMOVUPS(0, M0F, 0, 0x10, RM, FULL_MEM, BOTH),
    VMOVUPS_STORE(0, M0F, 0, 0x11, MR, FULL_MEM, BOTH),
    VMOVNTPS(0, M0F, 0, 0x2B, MR_STREAM, FULL_MEM, BOTH),
    VMOVSS(0xF3, M0F, 0, 0x10, RM_MEMORY, SCALAR4, BOTH),
    VMOVSS_STORE(0xF3, M0F, 0, 0x11, MR_MEMORY, SCALAR4, BOTH),
    VMOVLPS_STORE(0, M0F, 0, 0x13, MR_MEMORY, SCALAR8, BOTH),
    VMOVHPS_STORE(0, M0F, 0, 0x17, MR_MEMORY, SCALAR8, BOTH),
    VMOVD(0x66, M0F, 0, 0x6E, RM_GPR, SCALAR4, BOTH),
    VMOVQ(0x66, M0F, 1, 0x6E, RM_GPR, SCALAR8, BOTH),
    VMOVDQU(0xF3, M0F, 0, 0x6F, RM, FULL_MEM, VEX),
    VMOVDQU_STORE(0xF3, M0F, 0, 0x7F, MR, FULL_MEM, VEX),
    VMOVDQU32(0xF3, M0F, 0, 0x6F, RM, FULL_MEM, EVEX),
    VMOVDQU32_STORE(0xF3, M0F, 0, 0x7F, MR, FULL_MEM, EVEX),
    VMOVDQU8(0xF2, M0F, 0, 0x6F, RM, FULL_MEM, EVEX),
    VMOVDQU8_STORE(0xF2, M0F, 0, 0x7F, MR, FULL_MEM, EVEX),
    VMOVDQU16(0xF2, M0F, 1, 0x6F, RM, FULL_MEM, EVEX),
    VMOVDQU16_STORE(0xF2, M0F, 1, 0x7F, MR, FULL_MEM, EVEX),
    VMASKMOVPS(0x66, M38, 0, 0x2C, RVM_MEMORY, FULL_MEM, VEX),
    VMASKMOVPS_STORE(0x66, M38, 0, 0x2E, MVR_MEMORY, FULL_MEM, VEX),
    VBROADCASTSS(0x66, M38, 0, 0x18, RM_SCALAR, SCALAR4, BOTH),
    VPBROADCASTD(0x66, M38, 0, 0x58, RM_SCALAR, SCALAR4, BOTH),
    VPBROADCASTW(0x66, M38, 0, 0x79, RM_SCALAR, SCALAR2, BOTH),
    VPBROADCASTB(0x66, M38, 0, 0x78, RM_SCALAR, SCALAR1, BOTH),
    VBROADCASTF128(0x66, M38, 0, 0x1A, RM_MEMORY_YMM, MEM128, VEX),
    VBROADCASTF32X4(0x66, M38, 0, 0x1A, RM_MEMORY_WIDE, MEM128, EVEX),
    VBROADCASTI32X4(0x66, M38, 0, 0x5A, RM_MEMORY_WIDE, MEM128, EVEX),

    // ---- float arithmetic
    VADDPS(0, M0F, 0, 0x58, RVM, FULL4, BOTH),
    VSUBPS(0, M0F, 0, 0x5C, RVM, FULL4, BOTH),
    VMULPS(0, M0F, 0, 0x59, RVM, FULL4, BOTH),
    VDIVPS(0, M0F, 0, 0x5E, RVM, FULL4, BOTH),
    VMAXPS(0, M0F, 0, 0x5F, RVM, FULL4, BOTH),
    VMINPS(0, M0F, 0, 0x5D, RVM, FULL4, BOTH),
    VSQRTPS(0, M0F, 0, 0x51, RM, FULL4, BOTH),
    VRSQRT14PS(0x66, M38, 0, 0x4E, RM, FULL4, EVEX),
    VRCP14PS(0x66, M38, 0, 0x4C, RM, FULL4, EVEX),
    VFMADD132PS(0x66, M38, 0, 0x98, RVM, FULL4, BOTH),
    VFMADD213PS(0x66, M38, 0, 0xA8, RVM, FULL4, BOTH),
    VFMADD231PS(0x66, M38, 0, 0xB8, RVM, FULL4, BOTH),
    VFMSUB213PS(0x66, M38, 0, 0xAA, RVM, FULL4, BOTH),
    VFMSUB231PS(0x66, M38, 0, 0xBA, RVM, FULL4, BOTH),
    VFNMADD213PS(0x66, M38, 0, 0xAC, RVM, FULL4, BOTH),
    VFNMADD231PS(0x66, M38, 0, 0xBC, RVM, FULL4, BOTH),
    VADDPD(0x66, M0F, 1, 0x58, RVM, FULL8, BOTH),
    VMULPD(0x66, M0F, 1, 0x59, RVM, FULL8, BOTH),
    VFMADD231PD(0x66, M38, 1, 0xB8, RVM, FULL8, BOTH),
    VSCALEFPS(0x66, M38, 0, 0x2C, RVM, FULL4, EVEX),
    VRNDSCALEPS(0x66, M3A, 0, 0x08, RMI, FULL4, EVEX),
    VROUNDPS(0x66, M3A, 0, 0x08, RMI, FULL_MEM, VEX),
    VREDUCEPS(0x66, M3A, 0, 0x56, RMI, FULL4, EVEX),
    VANDPS(0, M0F, 0, 0x54, RVM, FULL4, BOTH),
    VANDNPS(0, M0F, 0, 0x55, RVM, FULL4, BOTH),
    VORPS(0, M0F, 0, 0x56, RVM, FULL4, BOTH),
    VXORPS(0, M0F, 0, 0x57, RVM, FULL4, BOTH),

    // ---- integer arithmetic
    VPADDD(0x66, M0F, 0, 0xFE, RVM, FULL4, BOTH),
    VPSUBD(0x66, M0F, 0, 0xFA, RVM, FULL4, BOTH),
    VPMULLD(0x66, M38, 0, 0x40, RVM, FULL4, BOTH),
    VPADDW(0x66, M0F, 0, 0xFD, RVM, FULL_MEM, BOTH),
    VPADDB(0x66, M0F, 0, 0xFC, RVM, FULL_MEM, BOTH),
    VPSUBB(0x66, M0F, 0, 0xF8, RVM, FULL_MEM, BOTH),
    VPMAXSD(0x66, M38, 0, 0x3D, RVM, FULL4, BOTH),
    VPMINSD(0x66, M38, 0, 0x39, RVM, FULL4, BOTH),
    VPABSD(0x66, M38, 0, 0x1E, RM, FULL4, BOTH),
    VPAND(0x66, M0F, 0, 0xDB, RVM, FULL_MEM, VEX),
    VPANDD(0x66, M0F, 0, 0xDB, RVM, FULL4, EVEX),
    VPOR(0x66, M0F, 0, 0xEB, RVM, FULL_MEM, VEX),
    VPORD(0x66, M0F, 0, 0xEB, RVM, FULL4, EVEX),
    VPXOR(0x66, M0F, 0, 0xEF, RVM, FULL_MEM, VEX),
    VPXORD(0x66, M0F, 0, 0xEF, RVM, FULL4, EVEX),
    VPSLLW(0x66, M0F, 0, 0x71, SHIFT_LEFT, FULL_MEM, BOTH),
    VPSRLW(0x66, M0F, 0, 0x71, SHIFT_RIGHT, FULL_MEM, BOTH),
    VPSLLD(0x66, M0F, 0, 0x72, SHIFT_LEFT, FULL4, BOTH),
    VPSRLD(0x66, M0F, 0, 0x72, SHIFT_RIGHT, FULL4, BOTH),
    VPSRAD(0x66, M0F, 0, 0x72, SHIFT_ARITHMETIC, FULL4, BOTH),
    VPMADDUBSW(0x66, M38, 0, 0x04, RVM, FULL_MEM, BOTH),
    VPMADDWD(0x66, M0F, 0, 0xF5, RVM, FULL_MEM, BOTH),
    VPDPBUSD(0x66, M38, 0, 0x50, RVM, FULL4, BOTH),
    VDPBF16PS(0xF3, M38, 0, 0x52, RVM, FULL4, EVEX),

    // ---- conversions
    VCVTDQ2PS(0, M0F, 0, 0x5B, RM, FULL4, BOTH),
    VCVTPS2DQ(0x66, M0F, 0, 0x5B, RM, FULL4, BOTH),
    VCVTPS2PD(0, M0F, 0, 0x5A, RM_HALF, HALF_MEM, BOTH),
    VCVTPH2PS(0x66, M38, 0, 0x13, RM_HALF, HALF_MEM, BOTH),
    VCVTPS2PH(0x66, M3A, 0, 0x1D, MRI_HALF, HALF_MEM, BOTH),
    VCVTNEPS2BF16(0xF3, M38, 0, 0x72, RM_TO_HALF, FULL4, EVEX),
    VCVTNE2PS2BF16(0xF2, M38, 0, 0x72, RVM, FULL4, EVEX),
    VPMOVZXBD(0x66, M38, 0, 0x31, RM_QUARTER, QUARTER_MEM, BOTH),
    VPMOVSXBD(0x66, M38, 0, 0x21, RM_QUARTER, QUARTER_MEM, BOTH),
    VPMOVZXBW(0x66, M38, 0, 0x30, RM_HALF, HALF_MEM, BOTH),
    VPMOVSXBW(0x66, M38, 0, 0x20, RM_HALF, HALF_MEM, BOTH),
    VPMOVZXWD(0x66, M38, 0, 0x33, RM_HALF, HALF_MEM, BOTH),
    VPMOVDW(0xF3, M38, 0, 0x33, MR_HALF, HALF_MEM, EVEX),
    VPMOVDB(0xF3, M38, 0, 0x31, MR_QUARTER, QUARTER_MEM, EVEX),

    // ---- shuffles
    VUNPCKLPS(0, M0F, 0, 0x14, RVM, FULL4, BOTH),
    VUNPCKHPS(0, M0F, 0, 0x15, RVM, FULL4, BOTH),
    VUNPCKLPD(0x66, M0F, 1, 0x14, RVM, FULL8, BOTH),
    VUNPCKHPD(0x66, M0F, 1, 0x15, RVM, FULL8, BOTH),
    VPUNPCKLBW(0x66, M0F, 0, 0x60, RVM, FULL_MEM, BOTH),
    VPUNPCKHBW(0x66, M0F, 0, 0x68, RVM, FULL_MEM, BOTH),
    VPUNPCKLWD(0x66, M0F, 0, 0x61, RVM, FULL_MEM, BOTH),
    VPUNPCKHWD(0x66, M0F, 0, 0x69, RVM, FULL_MEM, BOTH),
    VPUNPCKLDQ(0x66, M0F, 0, 0x62, RVM, FULL4, BOTH),
    VPUNPCKHDQ(0x66, M0F, 0, 0x6A, RVM, FULL4, BOTH),
    VPUNPCKLQDQ(0x66, M0F, 1, 0x6C, RVM, FULL8, BOTH),
    VPUNPCKHQDQ(0x66, M0F, 1, 0x6D, RVM, FULL8, BOTH),
    VPACKSSDW(0x66, M0F, 0, 0x6B, RVM, FULL4, BOTH),
    VPACKUSDW(0x66, M38, 0, 0x2B, RVM, FULL4, BOTH),
    VPACKSSWB(0x66, M0F, 0, 0x63, RVM, FULL_MEM, BOTH),
    VSHUFPS(0, M0F, 0, 0xC6, RVMI, FULL4, BOTH),
    VPSHUFD(0x66, M0F, 0, 0x70, RMI, FULL4, BOTH),
    VPSHUFB(0x66, M38, 0, 0x00, RVM, FULL_MEM, BOTH),
    VPALIGNR(0x66, M3A, 0, 0x0F, RVMI, FULL_MEM, BOTH),
    VPERMILPS(0x66, M3A, 0, 0x04, RMI, FULL4, BOTH),
    VPERM2F128(0x66, M3A, 0, 0x06, RVMI_YMM, FULL_MEM, VEX),
    VPERMQ(0x66, M3A, 1, 0x00, RMI_WIDE, FULL8, BOTH),
    VPERMPS(0x66, M38, 0, 0x16, RVM_WIDE, FULL4, BOTH),
    VPERMD(0x66, M38, 0, 0x36, RVM_WIDE, FULL4, BOTH),
    VPERMW(0x66, M38, 1, 0x8D, RVM, FULL_MEM, EVEX),
    VPERMT2W(0x66, M38, 1, 0x7D, RVM, FULL_MEM, EVEX),
    VPERMT2D(0x66, M38, 0, 0x7E, RVM, FULL4, EVEX),
    VPERMT2PS(0x66, M38, 0, 0x7F, RVM, FULL4, EVEX),
    VSHUFF32X4(0x66, M3A, 0, 0x23, RVMI_WIDE, FULL4, EVEX),
    VSHUFI32X4(0x66, M3A, 0, 0x43, RVMI_WIDE, FULL4, EVEX),
    VEXTRACTF128(0x66, M3A, 0, 0x19, MRI_128, MEM128, VEX),
    VEXTRACTF32X4(0x66, M3A, 0, 0x19, MRI_128, MEM128, EVEX),
    VEXTRACTF64X4(0x66, M3A, 1, 0x1B, MRI_256, MEM256, EVEX),
    VINSERTF128(0x66, M3A, 0, 0x18, RVMI_128, MEM128, VEX),
    VINSERTF32X4(0x66, M3A, 0, 0x18, RVMI_128, MEM128, EVEX),
    VINSERTF64X4(0x66, M3A, 1, 0x1A, RVMI_256, MEM256, EVEX),

    // ---- comparisons and choices
    VCMPPS(0, M0F, 0, 0xC2, RVMI, FULL_MEM, VEX),
    VCMPPS_MASK(0, M0F, 0, 0xC2, KVMI, FULL4, EVEX),
    VPCMPD_MASK(0x66, M3A, 0, 0x1F, KVMI, FULL4, EVEX),
    VBLENDMPS(0x66, M38, 0, 0x65, RVM, FULL4, EVEX);

    /** The opcode map: which table of opcodes the byte belongs to. */
    enum Space {
        M0F(1),
        M38(2),
        M3A(3);

        final int number;

        Space(int number) {
            this.number = number;
        }
    }

    /** Which of the two encodings an instruction has. */
    enum Encoding {
        VEX,
        EVEX,
        BOTH
    }

    /**
     * Which operand is encoded where: R in the register field, V in the extra field, M a register or memory, I an
     * immediate byte. In the order in which a person writes them, the result first.
     *
     * <p>What each operand may be stands in letters: {@code v} a vector of the instruction's width, {@code h} and
     * {@code q} one of half and of a quarter of it (but no less than 128 bits), {@code x} and {@code y} one of 128 and
     * of 256 bits, {@code k} a mask, {@code r} a general register, {@code m} memory.
     */
    enum Form {
        RM("v vm"),
        RM_MEMORY("x m"),
        RM_MEMORY_YMM("y m"),
        RM_MEMORY_WIDE("v m", 256),
        RM_GPR("x rm"),
        RM_SCALAR("v xm"),
        RM_HALF("v hm"),
        RM_TO_HALF("h vm"),
        RM_QUARTER("v qm"),
        MR("vm v"),
        MR_MEMORY("m x"),
        MR_STREAM("m v"),
        MR_HALF("hm v"),
        MR_QUARTER("qm v"),
        MVR_MEMORY("m v v"),
        RMI("v vm"),
        RMI_WIDE("v vm", 256),
        RVM("v v vm"),
        RVM_MEMORY("v v m"),
        RVM_WIDE("v v vm", 256),
        RVMI("v v vm"),
        RVMI_YMM("y y ym"),
        RVMI_WIDE("v v vm", 256),
        RVMI_128("v v xm", 256),
        RVMI_256("v v ym", 512),
        KVMI("k v vm"),
        MRI_HALF("hm v"),
        MRI_128("xm v", 256),
        MRI_256("ym v", 512),
        SHIFT_LEFT("v vm"),
        SHIFT_RIGHT("v vm"),
        SHIFT_ARITHMETIC("v vm");

        private final String letters; // an enum's fields are immutable
        private final int leastBits;

        Form(String letters) {
            this(letters, 128);
        }

        Form(String letters, int leastBits) {
            this.letters = letters;
            this.leastBits = leastBits;
        }

        /** Whether operand {@code i} of an instruction of width {@code bits} may be this one. */
        boolean accepts(int i, Operand operand, int bits) {
            String may = letters.split(" ", -1)[i];
            return switch (operand) {
                case Gpr g -> may.contains("r");
                case Mask k -> may.contains("k");
                case Mem m -> may.contains("m");
                case Tile t -> false;
                case Vec v -> {
                    int wanted = switch (may.charAt(0)) {
                        case 'v' -> bits;
                        case 'h' -> Math.max(bits / 2, 128);
                        case 'q' -> Math.max(bits / 4, 128);
                        case 'x' -> 128;
                        case 'y' -> 256;
                        default -> 0;
                    };
                    yield v.bits() == wanted;
                }
            };
        }

        /** Whether there is an instruction of this width. */
        boolean accepts(int bits) {
            return bits >= leastBits && bits <= 512;
        }

        /** Whether a mask may choose the lanes. */
        boolean masks() {
            return this != RM_GPR && this != MR_STREAM;
        }

        /** Whether the result is in the memory-or-register field. */
        boolean stores() {
            return name().startsWith("M");
        }

        boolean immediate() {
            return name().contains("MI") || name().startsWith("MRI") || shift();
        }

        boolean shift() {
            return name().startsWith("SHIFT");
        }

        /** Operands without the immediate. */
        int operands() {
            return letters.split(" ", -1).length;
        }

        /** The opcode extension in the register field of a shift. */
        int extension() {
            return switch (this) {
                case SHIFT_LEFT -> 6;
                case SHIFT_RIGHT -> 2;
                case SHIFT_ARITHMETIC -> 4;
                default -> throw new IllegalStateException(this + " has no extension");
            };
        }
    }

    /** How EVEX scales a one-byte displacement, and whether it may broadcast an element. */
    enum Tuple {
        FULL4,
        FULL8,
        FULL_MEM,
        HALF_MEM,
        QUARTER_MEM,
        SCALAR1,
        SCALAR2,
        SCALAR4,
        SCALAR8,
        MEM128,
        MEM256;

        /** Bytes of an element where a broadcast is possible, else 0. */
        int broadcast() {
            return this == FULL4 ? 4 : this == FULL8 ? 8 : 0;
        }

        /** The unit of a one-byte displacement for vectors of {@code bits}. */
        int unit(int bits, boolean broadcast) {
            return switch (this) {
                case FULL4 -> broadcast ? 4 : bits / 8;
                case FULL8 -> broadcast ? 8 : bits / 8;
                case FULL_MEM -> bits / 8;
                case HALF_MEM -> bits / 16;
                case QUARTER_MEM -> bits / 32;
                case SCALAR1 -> 1;
                case SCALAR2 -> 2;
                case SCALAR4 -> 4;
                case SCALAR8 -> 8;
                case MEM128 -> 16;
                case MEM256 -> 32;
            };
        }
    }

    final int prefix; // 0, 0x66, 0xF3 or 0xF2
    final Space space;
    final int w;
    final int opcode;
    final Form form;
    final Tuple tuple;
    private final Encoding encoding;

    Simd(int prefix, Space space, int w, int opcode, Form form, Tuple tuple, Encoding encoding) {
        this.prefix = prefix;
        this.space = space;
        this.w = w;
        this.opcode = opcode;
        this.form = form;
        this.tuple = tuple;
        this.encoding = encoding;
    }

    boolean vex() {
        return encoding != EVEX;
    }

    boolean evex() {
        return encoding != VEX;
    }

    /** The two bits that stand for the prefix. */
    int prefixBits() {
        return switch (prefix) {
            case 0x66 -> 1;
            case 0xF3 -> 2;
            case 0xF2 -> 3;
            default -> 0;
        };
    }
}
