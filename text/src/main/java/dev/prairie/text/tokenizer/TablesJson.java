package dev.prairie.text.tokenizer;

import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Describes what the tables of a model file imply in the words of a {@code tokenizer.json}. */
final class TablesJson {
    private static final String MARK = String.valueOf(ScoredBpe.SPACE);

    private TablesJson() {}

    /** A family of byte-level BPE. */
    static ObjectNode byteLevel(Families.Family family) {
        ObjectNode root = object();
        if (family.composes()) {
            root.putObject("normalizer").put("type", "NFC");
        } else {
            root.putNull("normalizer");
        }
        ArrayNode steps = root.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        family.patterns().forEach(pattern -> steps.add(split(pattern)));
        steps.addObject()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", false);
        root.putObject("decoder")
                .put("type", "ByteLevel")
                .put("add_prefix_space", true)
                .put("trim_offsets", true)
                .put("use_regex", true);
        return root;
    }

    /** BPE of characters with spaces spelled as marks, cut by a pattern unless that is empty. */
    static ObjectNode marked(boolean prefixed, String pattern) {
        ObjectNode root = object();
        ArrayNode normalizers =
                root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        if (prefixed) {
            normalizers.addObject().put("type", "Prepend").put("prepend", MARK);
        }
        normalizers.add(replace("String", " ", MARK));
        if (pattern.isEmpty()) {
            root.putNull("pre_tokenizer");
        } else {
            root.set("pre_tokenizer", split(pattern));
        }
        ArrayNode decoders = root.putObject("decoder").put("type", "Sequence").putArray("decoders");
        decoders.add(replace("String", MARK, " "));
        decoders.addObject().put("type", "ByteFallback");
        decoders.addObject().put("type", "Fuse");
        if (prefixed) {
            decoders.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0);
        }
        return root;
    }

    /** The unigram model, as T5 has it. */
    static ObjectNode unigram(byte[] charsmap, boolean prefixed, boolean merging) {
        ObjectNode root = object();
        ArrayNode normalizers =
                root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        if (charsmap.length > 0) {
            normalizers
                    .addObject()
                    .put("type", "Precompiled")
                    .put("precompiled_charsmap", Base64.getEncoder().encodeToString(charsmap));
        }
        normalizers.add(spaces(prefixed, merging));
        root.set("pre_tokenizer", metaspace("never"));
        root.set("decoder", metaspace(prefixed || merging ? "always" : "never"));
        return root;
    }

    private static ObjectNode metaspace(String prepend) {
        return object()
                .put("type", "Metaspace")
                .put("replacement", MARK)
                .put("prepend_scheme", prepend)
                .put("split", true);
    }

    /** What SentencePiece does with spaces: those beyond the first away, if asked, and one in front. */
    static ObjectNode spaces(boolean prefixed, boolean merging) {
        ObjectNode root = object().put("type", "Sequence");
        ArrayNode steps = root.putArray("normalizers");
        if (merging) {
            steps.add(replace("Regex", "\\A +| +\\z", ""));
            steps.add(replace("Regex", " {2,}", " "));
        }
        if (prefixed || merging) { // who merges spaces marks the first word in any case
            steps.addObject().put("type", "Prepend").put("prepend", MARK);
        }
        return root;
    }

    /** WordPiece, as BERT has it. */
    static ObjectNode words(boolean lowers, boolean stripsAccents) {
        ObjectNode root = object();
        root.putObject("normalizer")
                .put("type", "BertNormalizer")
                .put("clean_text", true)
                .put("handle_chinese_chars", true)
                .put("strip_accents", stripsAccents)
                .put("lowercase", lowers);
        root.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
        root.putObject("decoder")
                .put("type", "WordPiece")
                .put("prefix", "##")
                .put("cleanup", true);
        return root;
    }

    static void putPairs(
            ObjectNode root,
            Map<String, Integer> ids,
            Merges merges,
            String[] pieces,
            boolean wholeFirst,
            Optional<String> unknown) {
        ObjectNode model = root.putObject("model").put("type", "BPE");
        model.putNull("dropout");
        // Those who have an unknown token have bytes before it.
        model.put("unk_token", unknown.filter(name -> !name.isEmpty()).orElse(null));
        model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        model.put("fuse_unk", unknown.isPresent()).put("byte_fallback", unknown.isPresent());
        model.put("ignore_merges", wholeFirst);
        ids.forEach(model.putObject("vocab")::put);
        ArrayNode pairs = model.putArray("merges");
        merges.rules().forEach(rule -> pairs.addArray().add(pieces[rule.left()]).add(pieces[rule.right()]));
    }

    static void putUnigram(ObjectNode root, String[] pieces, double[] scores, int unknown) {
        ObjectNode model =
                root.putObject("model").put("type", "Unigram").put("unk_id", unknown).put("byte_fallback", false);
        ArrayNode vocab = model.putArray("vocab");
        for (int id = 0; id < pieces.length; id++) {
            vocab.addArray().add(pieces[id]).add(scores[id]);
        }
    }

    static void putWords(ObjectNode root, Map<String, Integer> ids, String unknown) {
        ObjectNode model = root.putObject("model").put("type", "WordPiece");
        model.put("unk_token", unknown).put("continuing_subword_prefix", "##").put("max_input_chars_per_word", 100);
        ids.forEach(model.putObject("vocab")::put);
    }

    /** The whole file: the description, with tokens, framing and model put in their places. */
    static String text(
            ObjectNode description, List<AddedTokens.Token> added, Framing framing, Consumer<ObjectNode> model) {
        ObjectNode root = object();
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        ArrayNode tokens = root.putArray("added_tokens");
        for (AddedTokens.Token token : added) {
            tokens.addObject()
                    .put("id", token.id())
                    .put("content", token.content())
                    .put("single_word", token.singleWord())
                    .put("lstrip", token.stripsLeft())
                    .put("rstrip", token.stripsRight())
                    .put("normalized", token.normalized())
                    .put("special", token.special());
        }
        root.set("normalizer", description.path("normalizer"));
        root.set("pre_tokenizer", description.path("pre_tokenizer"));
        putFraming(root, framing);
        root.set("decoder", description.path("decoder"));
        model.accept(root);
        return TokenizerFiles.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }

    private static void putFraming(ObjectNode root, Framing framing) {
        ObjectNode template = root.putObject("post_processor").put("type", "TemplateProcessing");
        ObjectNode specials = object();
        putParts(template.putArray("single"), framing.single(), specials);
        putParts(template.putArray("pair"), framing.pair(), specials);
        template.set("special_tokens", specials);
    }

    private static void putParts(ArrayNode template, List<Framing.Part> parts, ObjectNode specials) {
        for (Framing.Part part : parts) {
            switch (part) {
                case Framing.Part.Text text ->
                    template.addObject()
                            .putObject("Sequence")
                            .put("id", text.second() ? "B" : "A")
                            .put("type_id", text.typeId());
                case Framing.Part.Special special -> {
                    template.addObject()
                            .putObject("SpecialToken")
                            .put("id", special.piece())
                            .put("type_id", special.typeId());
                    ObjectNode token = specials.putObject(special.piece()).put("id", special.piece());
                    token.putArray("ids").add(special.id());
                    token.putArray("tokens").add(special.piece());
                }
            }
        }
    }

    private static ObjectNode split(String pattern) {
        ObjectNode split = object().put("type", "Split");
        split.putObject("pattern").put("Regex", pattern);
        return split.put("behavior", "Isolated").put("invert", false);
    }

    private static ObjectNode replace(String kind, String what, String with) {
        ObjectNode replace = object().put("type", "Replace");
        replace.putObject("pattern").put(kind, what);
        return replace.put("content", with);
    }

    private static ObjectNode object() {
        return TokenizerFiles.JSON.createObjectNode();
    }
}
