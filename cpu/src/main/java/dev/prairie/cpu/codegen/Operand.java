package dev.prairie.cpu.codegen;

/** What an instruction works on. Registers are numbers to the encoder; memory is an address. */
public sealed interface Operand permits Gpr, Mask, Mem, Tile, Vec {}
