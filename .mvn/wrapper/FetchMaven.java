import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * Fetches, checks and unpacks a Maven distribution for {@code mvnw}: {@code java FetchMaven.java URL ZIP SHA512 FOLDER}.
 *
 * <p>A zip file that is already there is not fetched again: {@code mvnw} leaves the transfer to curl or wget when the
 * machine has one, since they know its proxies and certificates, and to this class when it has neither. The sum is
 * always checked here, so that there is one check for every machine.
 */
final class FetchMaven {
    private FetchMaven() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        var zip = Path.of(args[1]);
        if (Files.notExists(zip)) {
            fetch(URI.create(args[0]), zip);
        }
        String sum = sha512(zip);
        if (!sum.equals(args[2])) {
            fail("SHA-512 of " + args[0] + " is " + sum + ", expected " + args[2]);
        }
        unpack(zip, Path.of(args[3]));
    }

    private static void fetch(URI from, Path to) throws IOException, InterruptedException {
        try (var client = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NORMAL)
                .proxy(ProxySelector.getDefault())
                .build()) {
            var request = HttpRequest.newBuilder(from).build();
            int status =
                    client.send(request, HttpResponse.BodyHandlers.ofFile(to)).statusCode();
            if (status != 200) {
                fail(from + " answered " + status);
            }
        } catch (IOException e) {
            fail("cannot fetch " + from + ": " + e);
        }
    }

    private static String sha512(Path file) throws IOException {
        try (var in = new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-512"))) {
            in.transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(in.getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-512", e);
        }
    }

    private static void unpack(Path zip, Path folder) throws IOException {
        try (InputStream file = Files.newInputStream(zip);
                var in = new ZipInputStream(file)) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                Path target = folder.resolve(entry.getName()).normalize();
                if (!target.startsWith(folder)) {
                    fail("an entry of " + zip + " leaves its folder: " + entry.getName());
                }
                if (entry.isDirectory()) {
                    Files.createDirectories(target);
                } else {
                    Files.createDirectories(target.getParent());
                    Files.copy(in, target);
                    // java.util.zip does not carry permissions; the start scripts are what needs one.
                    if (target.getParent().endsWith("bin")) {
                        target.toFile().setExecutable(true, false);
                    }
                }
            }
        }
    }

    private static void fail(String message) {
        System.err.println("mvnw: " + message);
        System.exit(1);
    }
}
