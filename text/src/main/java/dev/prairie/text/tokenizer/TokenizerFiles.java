package dev.prairie.text.tokenizer;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Tokenizers on disk: which form a file has, and the reading and writing of it. */
final class TokenizerFiles {
    static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private static final long LARGEST = 256L << 20;
    private static final int LONGEST_PIECE = 1024;
    private static final String CONFIG = "tokenizer_config.json";

    private TokenizerFiles() {}

    static Tokenizer load(Path path) {
        Path file = path;
        if (Files.isDirectory(path)) {
            file = path.resolve("tokenizer.json");
            if (!Files.exists(file) && Files.exists(path.resolve("tokenizer.bin"))) {
                file = path.resolve("tokenizer.bin");
            }
        }
        try {
            byte[] content = bytes(file);
            for (byte b : content) {
                if (b == '{') {
                    return TokenizerJson.read(
                            object(file, content),
                            config(file),
                            () -> new String(content, StandardCharsets.UTF_8));
                } else if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
                    break;
                }
            }
            return readScores(content);
        } catch (TokenizerException fault) {
            String message = String.valueOf(fault.getMessage());
            throw message.startsWith(path.toString()) ? fault : new TokenizerException(file, message, fault);
        } catch (IOException failure) {
            throw new TokenizerException(file, "could not be read: " + failure.getMessage(), failure);
        }
    }

    static void save(Tokenizer tokenizer, Path file) throws IOException {
        if (file.endsWith("tokenizer.json")) {
            ObjectNode config = config(file);
            config.put("tokenizer_class", "PreTrainedTokenizerFast");
            int[] frame = tokenizer.frame(new int[0]);
            config.put(
                    "add_bos_token", frame.length > 0 && frame[0] == tokenizer.bos().orElse(-1));
            tokenizer.specials().tokens().forEach(token -> {
                if (tokenizer.bos().orElse(-1) == token.id()) {
                    config.put("bos_token", token.content());
                }
                if (tokenizer.eos().orElse(-1) == token.id()) {
                    config.put("eos_token", token.content());
                }
            });
            write(
                    file.resolveSibling(CONFIG),
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsString(config) + "\n");
        }
        write(file, tokenizer.json());
    }

    /** A flat object of piece → id. */
    static Map<String, Integer> readVocabulary(Path file) throws IOException {
        return TokenizerJson.vocabulary(object(file, bytes(file)));
    }

    /** Lines of {@code left right}; the first line may be a {@code #version} comment. */
    static List<String[]> readMerges(Path file) throws IOException {
        List<String[]> pairs = new ArrayList<>();
        for (String line : new String(bytes(file), StandardCharsets.UTF_8).split("\r?\n", -1)) {
            if (!line.isEmpty() && !(pairs.isEmpty() && line.startsWith("#version"))) {
                pairs.add(pair(line, pairs.size()));
            }
        }
        return pairs;
    }

    /** The two parts of a merge written with one space between them. */
    static String[] pair(String line, int index) {
        String[] parts = line.split(" ", -1);
        if (parts.length != 2 || parts[0].isEmpty() || parts[1].isEmpty()) {
            throw new TokenizerException("merge " + index + " '" + line + "' is not two pieces with a space between");
        }
        return parts;
    }

    /**
     * The llama2.c form: int32 length of the longest piece, then per piece float32 score, int32 length, bytes; all
     * little-endian, ids in order. Ids 0, 1 and 2 are unknown, beginning and end.
     */
    private static ScoredBpe readScores(byte[] content) {
        ByteBuffer buffer = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        List<String> names = new ArrayList<>();
        List<Float> scores = new ArrayList<>();
        try {
            int longest = buffer.getInt();
            if (longest < 1 || longest > LONGEST_PIECE) {
                throw new TokenizerException(
                        "is neither a tokenizer.json (no '{') nor a llama2.c tokenizer (longest piece " + longest
                                + " is outside 1 .. " + LONGEST_PIECE + ")");
            }
            while (buffer.hasRemaining()) {
                float score = buffer.getFloat();
                int length = buffer.getInt();
                if (Float.isNaN(score) || length < 0 || length > longest || length > buffer.remaining()) {
                    throw new TokenizerException(
                            "piece " + names.size() + " has score " + score + " and length " + length
                                    + ", with at most " + longest + " declared and " + buffer.remaining()
                                    + " bytes left; the file is damaged or truncated");
                }
                String piece = StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(buffer.slice(buffer.position(), length))
                        .toString();
                buffer.position(buffer.position() + length);
                names.add(names.size() < 3 ? List.of("<unk>", "<s>", "</s>").get(names.size()) : piece);
                scores.add(score);
            }
        } catch (BufferUnderflowException end) {
            throw new TokenizerException("ends inside piece " + names.size() + "; the file is truncated");
        } catch (CharacterCodingException malformed) {
            throw new TokenizerException("piece " + names.size() + " is not valid UTF-8; the file is damaged");
        }
        if (names.size() < 3) {
            throw new TokenizerException("holds " + names.size() + " pieces; unknown, beginning and end alone are 3");
        }
        List<SpecialTokens.Token> special = new ArrayList<>();
        for (int id = 0; id < 3; id++) {
            special.add(new SpecialTokens.Token(id, names.get(id), true));
        }
        float[] values = new float[scores.size()];
        for (int id = 0; id < values.length; id++) {
            values[id] = scores.get(id);
        }
        return ScoredBpe.ofScores(names, values, SpecialTokens.of(special));
    }

    /** The configuration beside a tokenizer.json; empty if there is none. */
    private static ObjectNode config(Path file) throws IOException {
        Path config = file.resolveSibling(CONFIG);
        return file.endsWith("tokenizer.json") && Files.exists(config)
                ? object(config, bytes(config))
                : JSON.createObjectNode();
    }

    private static byte[] bytes(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new TokenizerException(file, "no such file; expected a tokenizer.json or a llama2.c tokenizer.bin");
        }
        if (Files.size(file) > LARGEST) {
            throw new TokenizerException(file, Files.size(file) + " bytes are more than a tokenizer has, " + LARGEST);
        }
        return Files.readAllBytes(file);
    }

    private static ObjectNode object(Path file, byte[] content) {
        try {
            JsonNode node = JSON.readTree(content);
            if (node instanceof ObjectNode object) {
                return object;
            }
            throw new TokenizerException(file, "holds JSON, but not an object");
        } catch (JacksonException fault) {
            throw new TokenizerException(file, "is not valid JSON: " + fault.getOriginalMessage(), fault);
        }
    }

    private static void write(Path file, String text) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(fresh, text);
        Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
}
