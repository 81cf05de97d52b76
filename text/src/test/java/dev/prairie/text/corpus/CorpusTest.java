package dev.prairie.text.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.prairie.testing.Demand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusTest {
    @TempDir
    private Path folder;

    @Test
    void readsAFolderInOrderAndReportsWhatItLeavesOut() throws IOException {
        write("b.md", "# B");
        write("a/z.txt", "zett é");
        write("a/b.java", "class B {}");
        write(".git/config", "hidden");
        write("blank.txt", " \n");
        Files.write(folder.resolve("image.png"), new byte[] {1, 0, 2});
        Files.write(folder.resolve("latin.txt"), "é è à ç".getBytes(StandardCharsets.ISO_8859_1));
        Files.write(folder.resolve("broken.zip"), new byte[] {'P', 'K', 3, 4, 5});
        Files.write(folder.resolve("broken.gz"), "not gzip".getBytes(StandardCharsets.UTF_8));
        List<Document> documents = new ArrayList<>();
        CorpusReport report = Corpus.open(folder).read(documents::add);
        assertThat(documents)
                .containsExactly(
                        new Document("a/b.java", "class B {}"),
                        new Document("a/z.txt", "zett é"),
                        new Document("b.md", "# B"));
        assertThat(report.documents()).isEqualTo(3);
        assertThat(report.characters()).isEqualTo(19);
        assertThat(report.bytes()).isEqualTo(20);
        assertThat(report.complete()).isTrue();
        assertThat(report.skipped()).isEqualTo(4);
        assertThat(report.reasons())
                .anyMatch(reason -> reason.startsWith("image.png: is binary"))
                .anyMatch(reason -> reason.startsWith("latin.txt: is not UTF-8"))
                .anyMatch(reason -> reason.startsWith("broken.zip: is not a valid zip"))
                .anyMatch(reason -> reason.startsWith("broken.gz: is not valid gzip"));
    }

    @Test
    void mistakesAreNamed() throws IOException {
        fails(folder.resolve("absent"), "no such file");
        fails(folder, "holds no text");
        fails(write("empty.txt", ""), "holds no text");
        fails(Files.write(folder.resolve("x.bin"), new byte[100]), "binary");
        fails(Files.write(folder.resolve("x.zip"), new byte[100]), "zip");
        fails(write("bad.jsonl", "{\"text\":\"a\"}\n{oops\n"), "bad.jsonl#2");
        fails(write("other.jsonl", "{\"words\":\"a\"}\n"), "[words]");
        fails(write("open.csv", "text\n\"never closed\n"), "quotation marks");
        byte[] cut = gzip("a fine text ".repeat(1000));
        fails(Files.write(folder.resolve("cut.txt.gz"), Arrays.copyOf(cut, cut.length / 2)), "could not be read");
        Path csv = write("t.csv", "a,b\n1,2\n");
        assertThatThrownBy(() ->
                        Corpus.open(csv, CorpusOptions.DEFAULTS.withField("c")).read(document -> {}))
                .isInstanceOf(CorpusException.class)
                .hasMessageContaining("'c'")
                .hasMessageContaining("[a, b]");
    }

    @Test
    void readsJson() throws IOException {
        Path lines = write(
                "l.jsonl",
                "\ufeff{\"text\":\"one\",\"id\":1}\n\n{\"title\":\"T\",\"paragraphs\":[\"p\",\"q\"]}\n\"bare\"\n");
        assertThat(read(lines, CorpusOptions.DEFAULTS))
                .containsExactly(
                        new Document("l.jsonl#1", "one"),
                        new Document("l.jsonl#3", "T\np\nq"),
                        new Document("l.jsonl#4", "bare"));
        Path array = write("a.json", "[{\"body\":\"x\"},{\"body\":\"y\"}]");
        assertThat(read(array, CorpusOptions.DEFAULTS.withField("body")))
                .containsExactly(new Document("a.json#1", "x"), new Document("a.json#2", "y"));
        assertThat(read(write("o.json", "{\"a\": 1}"), CorpusOptions.DEFAULTS))
                .containsExactly(new Document("o.json", "{\"a\": 1}"));
    }

    @Test
    void readsTables() throws IOException {
        Path csv = write("t.csv", "id,text\r\n1,\"a, \"\"b\"\"\nc\"\r\n2,d\r\n");
        assertThat(read(csv, CorpusOptions.DEFAULTS))
                .containsExactly(new Document("t.csv#2", "a, \"b\"\nc"), new Document("t.csv#3", "d"));
        assertThat(read(csv, CorpusOptions.DEFAULTS.withField("id")))
                .extracting(Document::text)
                .containsExactly("1", "2");
        Path tsv = write("t.tsv", "\"Hi\tHallo\nyes\tja");
        assertThat(read(tsv, CorpusOptions.DEFAULTS))
                .extracting(Document::text)
                .containsExactly("\"Hi\tHallo", "yes\tja");
    }

    @Test
    void readsArchives() throws IOException {
        Path zip = zip(Map.of(
                "java.base/java/lang/A.java", bytes("class A"),
                "java.base/java/B.java", bytes("class B"),
                "java.sql/C.java", bytes("class C"),
                "rows.jsonl.gz", gzip("{\"text\":\"row\"}\n"),
                "inner.zip", new byte[] {1},
                "x.class", new byte[] {0, 1}));
        assertThat(read(zip, CorpusOptions.DEFAULTS))
                .extracting(Document::source)
                .containsExactly(
                        "c.zip!/java.base/java/B.java",
                        "c.zip!/java.base/java/lang/A.java",
                        "c.zip!/java.sql/C.java",
                        "c.zip!/rows.jsonl.gz#1");
        assertThat(read(zip, CorpusOptions.DEFAULTS.withInclude("java.base/java/**")))
                .hasSize(2);
        assertThat(read(zip, CorpusOptions.DEFAULTS.withInclude("*.java"))).hasSize(3);
        assertThatThrownBy(() -> read(zip, CorpusOptions.DEFAULTS.withInclude("*.rs")))
                .isInstanceOf(CorpusException.class)
                .hasMessageContaining("*.rs");
        assertThat(read(Files.write(folder.resolve("t.txt.gz"), gzip("packed")), CorpusOptions.DEFAULTS))
                .containsExactly(new Document("t.txt.gz", "packed"));
    }

    @Test
    void bombsAndGiantsAreStopped() throws IOException {
        Path bomb = zip(Map.of("bomb.txt", bytes("a".repeat(70 << 20))));
        fails(bomb, "200 times");
        Path big = write("big.txt", "x".repeat(1000));
        assertThatThrownBy(() -> read(big, CorpusOptions.DEFAULTS.withMaxDocumentBytes(999)))
                .isInstanceOf(CorpusException.class)
                .hasMessageContaining("999");
    }

    @Test
    void stopsAtTheLimitOfCharacters() throws IOException {
        write("a.txt", "😀😀😀");
        write("b.txt", "bbbb");
        write("c.txt", "cccc");
        List<Document> documents = new ArrayList<>();
        CorpusReport report =
                Corpus.open(folder, CorpusOptions.DEFAULTS.withMaxCharacters(5)).read(documents::add);
        assertThat(documents).extracting(Document::text).containsExactly("😀😀😀", "bb");
        assertThat(report.characters()).isEqualTo(5);
        assertThat(report.complete()).isFalse();
    }

    @Test
    void streamsLazily() throws IOException {
        write("a.jsonl", "\"one\"\n\"two\"\nthis is never reached");
        try (Stream<Document> documents = Corpus.open(folder).documents()) {
            assertThat(documents.limit(2).map(Document::text)).containsExactly("one", "two");
        }
    }

    @Test
    void readsRealCorpora() {
        CorpusReport poems = Corpus.open(Demand.data("corpora/chinese-poetry/poems.jsonl.gz"))
                .read(document -> {});
        assertThat(poems.documents()).isEqualTo(80_457);
        CorpusReport documents = Corpus.open(
                        Demand.data("corpora/dolphinscheduler-docs"), CorpusOptions.DEFAULTS.withInclude("*.md"))
                .read(document -> {});
        assertThat(documents.documents()).isGreaterThanOrEqualTo(100);
        CorpusReport speech = Corpus.open(Demand.data("corpora/tatoeba-cmn-eng"))
                .read(document -> assertThat(document.text()).doesNotStartWith("\ufeff"));
        assertThat(speech.documents()).isPositive();
    }

    @Test
    void whatMayNotBeReadIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("secret.txt"), "text");
        Files.setPosixFilePermissions(file, Set.of());
        Demand.platform(!Files.isReadable(file), "a user whom permissions bind (root reads everything)");
        assertThatThrownBy(() -> Corpus.open(file))
                .isInstanceOf(CorpusException.class)
                .hasMessageContaining("secret.txt")
                .hasMessageContaining("permissions");
    }

    @Test
    void readsTheSourceOfTheJdk() throws IOException {
        Path source = Path.of(System.getProperty("java.home"), "lib", "src.zip");
        Demand.platform(Files.exists(source), "a JDK with lib/src.zip");
        CorpusOptions options = CorpusOptions.DEFAULTS.withInclude("java.base/java/lang/*.java");
        List<Document> documents = read(source, options);
        assertThat(documents.size()).isGreaterThan(100);
        assertThat(documents.stream()
                        .filter(document -> document.text().contains("package java.lang;"))
                        .count())
                .isEqualTo(documents.size());
    }

    @Test
    void oneLongTextIsCutByPosition() throws IOException {
        String text = Files.readString(Demand.data("corpora/tinyshakespeare/input.txt"));
        List<String> parts = new ArrayList<>();
        new Split(0.1)
                .deal(List.of(new Document("s", text)).iterator(), d -> parts.add(d.text()), d -> parts.add(d.text()));
        assertThat(parts.getFirst()).hasSize(1_003_854);
        assertThat(parts.getLast()).hasSize(111_540);
        assertThat(parts.getFirst() + parts.getLast()).isEqualTo(text);
    }

    @Test
    void manyDocumentsStayWholeAndWhereTheyAre() {
        List<Document> documents = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            documents.add(new Document("d" + i, "text " + i));
        }
        List<Document> train = new ArrayList<>();
        List<Document> held = new ArrayList<>();
        new Split(0.1).deal(documents.iterator(), train::add, held::add);
        assertThat(held).hasSizeBetween(400, 600);
        assertThat(train).hasSize(5000 - held.size()).doesNotContainAnyElementsOf(held);
        List<Document> fewer = new ArrayList<>();
        new Split(0.1).deal(documents.subList(1000, 5000).iterator(), document -> {}, fewer::add);
        assertThat(held).containsAll(fewer);
        List<Document> tiny = new ArrayList<>();
        new Split(1e-9).deal(documents.iterator(), document -> {}, tiny::add);
        assertThat(tiny).hasSize(1);
        List<Document> none = new ArrayList<>();
        new Split(0).deal(documents.iterator(), document -> {}, none::add);
        assertThat(none).isEmpty();
        assertThatThrownBy(() -> new Split(0.6))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0.6");
    }

    private static List<Document> read(Path path, CorpusOptions options) {
        List<Document> documents = new ArrayList<>();
        Corpus.open(path, options).read(documents::add);
        return documents;
    }

    private static void fails(Path path, String reason) {
        assertThatThrownBy(() -> Corpus.open(path).read(document -> {}))
                .isInstanceOf(CorpusException.class)
                .hasMessageContaining(path.getFileName().toString())
                .hasMessageContaining(reason);
    }

    private Path write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.resolve("..").normalize());
        return Files.writeString(file, text);
    }

    private Path zip(Map<String, byte[]> entries) throws IOException {
        Path file = folder.resolve("c.zip");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (Map.Entry<String, byte[]> entry : new LinkedHashMap<>(entries).entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
        return file;
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(bytes(text));
        }
        return bytes.toByteArray();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
