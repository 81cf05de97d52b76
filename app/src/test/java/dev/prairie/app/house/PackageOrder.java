package dev.prairie.app.house;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.StringEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The order of packages in {@code ARCHITECTURE.md}, held against compiled classes: a package uses only packages with a
 * line above its own. JPMS checks this between modules when they are compiled; this checks it inside them too.
 *
 * @param lines the packages in the order of their lines
 */
record PackageOrder(List<Line> lines) {
    /**
     * One line of the table.
     *
     * @param name the package
     * @param coming whether the line says that the package does not exist yet
     */
    record Line(String name, boolean coming) {}

    // | `dev.prairie.tensor` | what is in it |
    private static final Pattern LINE = Pattern.compile("\\| `(dev\\.prairie[.\\w]*)` \\|(\\s*\\*coming\\*)?.*");

    // The package and the class in an internal name, a descriptor or a generic signature.
    private static final Pattern USE = Pattern.compile("(?:^|[^\\w/]|L)(dev/prairie(?:/[a-z]\\w*)*)/[A-Z]");

    PackageOrder {
        Set<String> names = new HashSet<>();
        for (Line line : lines) {
            if (!names.add(line.name())) {
                throw new IllegalArgumentException(line.name() + " has two lines");
            }
        }
        lines = List.copyOf(lines);
    }

    /** Reads every table line of a Markdown text whose first cell is a package of Prairie. */
    static PackageOrder parse(String markdown) {
        List<Line> lines = markdown.lines()
                .map(LINE::matcher)
                .filter(Matcher::matches)
                .map(line -> new Line(line.group(1), line.group(2) != null))
                .toList();
        return new PackageOrder(lines);
    }

    /** What is wrong with the classes below {@code folders}, one sentence each, sorted; empty when nothing is. */
    SortedSet<String> faults(List<Path> folders) {
        Map<String, Integer> place = new HashMap<>();
        lines.forEach(line -> place.put(line.name(), place.size()));
        SortedSet<String> faults = new TreeSet<>();
        Set<String> existing = new HashSet<>();
        for (Path file : classFiles(folders)) {
            ClassModel type = parseClass(file);
            String name = type.thisClass().asInternalName();
            if (name.endsWith("module-info") || name.endsWith("package-info")) {
                continue;
            }
            String from = name.substring(0, Math.max(0, name.lastIndexOf('/'))).replace('/', '.');
            existing.add(from);
            Integer here = place.get(from);
            if (here == null) {
                faults.add(from + " has no line");
                continue;
            }
            for (String to : uses(type)) {
                if (place.getOrDefault(to, -1) > here) {
                    faults.add(name.replace('/', '.') + " uses " + to + ", whose line is below that of " + from);
                }
            }
        }
        for (Line line : lines) {
            if (line.coming() && existing.contains(line.name())) {
                faults.add(line.name() + " exists, but its line still says *coming*");
            } else if (!line.coming() && !existing.contains(line.name())) {
                faults.add(line.name() + " has a line, but no class");
            }
        }
        return faults;
    }

    /**
     * Prairie's packages that a class names: in code, signatures or annotations. All of these end as text in the
     * constant pool, so that is what is searched, without the text that is only there as a string of the program.
     */
    static SortedSet<String> uses(ClassModel type) {
        Set<Integer> strings = new HashSet<>();
        List<Utf8Entry> texts = new ArrayList<>();
        type.constantPool().forEach(entry -> {
            switch (entry) {
                case StringEntry string -> strings.add(string.utf8().index());
                case Utf8Entry text -> texts.add(text);
                default -> {}
            }
        });
        SortedSet<String> packages = new TreeSet<>();
        for (Utf8Entry text : texts) {
            if (!strings.contains(text.index())) {
                USE.matcher(text.stringValue())
                        .results()
                        .forEach(use -> packages.add(use.group(1).replace('/', '.')));
            }
        }
        return packages;
    }

    private static List<Path> classFiles(List<Path> folders) {
        List<Path> files = new ArrayList<>();
        for (Path folder : folders) {
            try (Stream<Path> all = Files.walk(folder)) {
                all.filter(file -> file.toString().endsWith(".class")).forEach(files::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return files;
    }

    private static ClassModel parseClass(Path file) {
        try {
            return ClassFile.of().parse(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
