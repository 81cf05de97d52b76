package dev.prairie.app.house;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packages of this build stand in the order of ARCHITECTURE.md, and the check of it can fail. */
class PackageOrderTest {
    private static final Path ROOT = Path.of(System.getProperty("prairie.root"));

    private static final PackageOrder TWO = PackageOrder.parse("""
            | package | what |
            |---|---|
            | `dev.prairie.upper` | above |
            | `dev.prairie.lower` | below |
            """);

    @TempDir
    Path classes;

    @Test
    void everyPackageUsesOnlyPackagesWithALineAboveItsOwn() throws IOException {
        PackageOrder order = PackageOrder.parse(Files.readString(ROOT.resolve("ARCHITECTURE.md")));
        List<Path> folders;
        try (Stream<Path> modules = Files.list(ROOT)) {
            folders = modules.map(module -> module.resolve("target/classes"))
                    .filter(folder -> Files.exists(folder.resolve("module-info.class")))
                    .toList();
        }

        assertThat(folders).as("compiled modules").hasSizeGreaterThanOrEqualTo(7);
        assertThat(order.faults(folders)).as("faults against ARCHITECTURE.md").isEmpty();
    }

    @Test
    void downstreamUseIsRight() throws IOException {
        write("upper.A", "java.lang.Object");
        write("lower.B", "dev.prairie.upper.A");

        assertThat(TWO.faults(List.of(classes))).isEmpty();
    }

    @Test
    void upstreamUseIsNamedWithClassAndEdge() throws IOException {
        write("upper.A", "dev.prairie.lower.B");
        write("lower.B", "java.lang.Object");

        assertThat(TWO.faults(List.of(classes)))
                .containsExactly("dev.prairie.upper.A uses dev.prairie.lower,"
                        + " whose line is below that of dev.prairie.upper");
    }

    @Test
    void packageAndLineMustBothExist() throws IOException {
        write("upper.A", "java.lang.Object");
        write("elsewhere.C", "java.lang.Object");

        assertThat(TWO.faults(List.of(classes)))
                .containsExactly("dev.prairie.elsewhere has no line", "dev.prairie.lower has a line, but no class");
    }

    @Test
    void comingLineStandsForAnAbsentPackageOnly() throws IOException {
        PackageOrder order = PackageOrder.parse("| `dev.prairie.upper` | *coming* above |");

        assertThat(order.faults(List.of(classes))).isEmpty();
        write("upper.A", "java.lang.Object");
        assertThat(order.faults(List.of(classes)))
                .containsExactly("dev.prairie.upper exists, but its line still says *coming*");
    }

    @Test
    void stringOfTheProgramIsNoUse() {
        byte[] bytes = ClassFile.of()
                .build(
                        ClassDesc.of("dev.prairie.upper.A"),
                        type -> type.withMethodBody(
                                "path",
                                MethodTypeDesc.of(ConstantDescs.CD_String),
                                ClassFile.ACC_STATIC,
                                code -> code.loadConstant("dev/prairie/lower/Page")
                                        .areturn()));

        assertThat(PackageOrder.uses(ClassFile.of().parse(bytes))).containsExactly("dev.prairie.upper");
    }

    @Test
    void packageWithTwoLinesIsRefused() {
        assertThatThrownBy(() -> PackageOrder.parse("| `dev.prairie` | a |\n| `dev.prairie` | b |"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("dev.prairie has two lines");
    }

    /** Writes a class that names another one in the descriptor of a field, and nowhere else. */
    private void write(String name, String used) throws IOException {
        ClassDesc type = ClassDesc.of("dev.prairie." + name);
        Path file = classes.resolve("dev/prairie/" + name.replace('.', '/') + ".class");
        Files.createDirectories(file.getParent());
        ClassFile.of().buildTo(file, type, body -> body.withField("used", ClassDesc.of(used), ClassFile.ACC_STATIC));
    }
}
