package dev.prairie.cpu.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.testing.Demand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Instructions beside what a person would write for them. {@link #check} has binutils read all of them in one process,
 * and compares: the text of each, and that each begins where the one before it ends.
 */
final class Disassembly {
    private static final Pattern LINE = Pattern.compile("\\s*([0-9a-f]+):\\t(.*)");

    private record Instruction(byte[] code, String text) {}

    private final ByteArrayOutputStream code = new ByteArrayOutputStream();
    private final TreeMap<Integer, Instruction> expected = new TreeMap<>();

    /** Code that {@code writer} writes is one instruction, which reads as {@code text}. */
    void add(String text, Consumer<Assembler> writer) {
        var a = new Assembler();
        writer.accept(a);
        add(text, a.bytes());
    }

    void add(String text, byte[] instruction) {
        expected.put(code.size(), new Instruction(instruction, text));
        code.writeBytes(instruction);
    }

    int size() {
        return expected.size();
    }

    void check() throws IOException, InterruptedException {
        Map<Integer, String> read = read();
        var wrong = new StringBuilder();
        int count = 0;
        for (var e : expected.entrySet()) {
            Instruction i = e.getValue();
            String found = read.getOrDefault(e.getKey(), "inside of the instruction before");
            if (!found.equals(i.text) && ++count <= 60)
                wrong.append('\n')
                        .append(HexFormat.ofDelimiter(" ").formatHex(i.code))
                        .append("\n  written ");
            if (!found.equals(i.text) && count <= 60)
                wrong.append(i.text).append("\n  read    ").append(found);
        }
        assertThat(count)
                .as(count + " of " + expected.size() + " differ:" + wrong)
                .isZero();
        assertThat(read).hasSameSizeAs(expected);
    }

    private Map<Integer, String> read() throws IOException, InterruptedException {
        Path objdump = Demand.disassembler();
        Path file = Files.createTempFile("code", ".bin");
        Path text = Files.createTempFile("code", ".txt");
        try {
            Files.write(file, code.toByteArray());
            Process process = new ProcessBuilder(
                            objdump.toString(),
                            "-D",
                            "-z", // zeroes too, which it would pass over
                            "-b",
                            "binary",
                            "-m",
                            "i386:x86-64",
                            "-M",
                            "intel",
                            "--no-show-raw-insn",
                            file.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(text.toFile())
                    .start();
            assertThat(process.waitFor()).isZero();
            var read = new HashMap<Integer, String>();
            for (String line : Files.readAllLines(text, StandardCharsets.UTF_8)) {
                Matcher m = LINE.matcher(line);
                if (m.matches()) read.put(Integer.parseInt(m.group(1), 16), normal(m.group(2)));
            }
            return read;
        } finally {
            Files.delete(file);
            Files.delete(text);
        }
    }

    /** One space after the mnemonic and none elsewhere; without what says the same twice. */
    private static String normal(String line) {
        return line.strip()
                .replaceAll("\\s+", " ")
                .replaceFirst("^\\{e?vex} ", "")
                .replaceFirst(" # 0x[0-9a-f]+$", "") // where a distance leads
                .replace("+0x0]", "]") // RBP and R13 as a base always carry a displacement
                .replaceFirst("(DWORD|QWORD) BCST (\\[.*])\\{1to\\d+}", "$1 BCST $2"); // where the result does not tell
    }
}
