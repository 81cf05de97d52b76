package dev.prairie.serve.ollama;

import dev.prairie.serve.api.Json;
import dev.prairie.serve.resident.Lease;
import dev.prairie.serve.resident.ModelCard;
import dev.prairie.serve.resident.Models;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** What is told of models. What only a file could say, and is not known here, is empty. */
final class Listing {
    private static final String LATEST = ":latest";

    private Listing() {}

    /** The model that a client means: a tag {@code :latest} says nothing. */
    static String resolve(String name, Models models) {
        boolean known = models.cards().stream().anyMatch(card -> card.id().equals(name));
        return !known && name.endsWith(LATEST) ? name.substring(0, name.length() - LATEST.length()) : name;
    }

    static Map<String, Object> tags(Models models) {
        return Json.object("models", models.cards().stream().map(Listing::tag).toList());
    }

    /** The models in memory. */
    static Map<String, Object> running(Models models) {
        List<Map<String, Object>> running = new ArrayList<>();
        for (ModelCard card : models.loaded()) {
            Map<String, Object> tag = tag(card);
            tag.remove("modified_at");
            tag.put("size_vram", 0);
            tag.put("context_length", card.context());
            running.add(tag);
        }
        return Json.object("models", running);
    }

    static Map<String, Object> show(Lease lease) {
        ModelCard card = lease.card();
        Map<String, Object> info = // clients look for the length under the name of the architecture
                Json.object("general.architecture", "prairie", "prairie.context_length", card.context());
        if (lease.generates()) {
            info.put("prairie.vocab_size", lease.model().vocabularySize());
        } else {
            info.put("prairie.embedding_length", lease.encoder().width());
        }
        List<String> capabilities = new ArrayList<>();
        capabilities.add(lease.generates() ? "completion" : "embedding");
        if (lease.chat().takesTools()) {
            capabilities.add("tools");
        }
        if (OllamaRequest.thinks(lease.chat())) {
            capabilities.add("thinking");
        }
        return Json.object(
                "modelfile",
                "",
                "parameters",
                "",
                "template",
                lease.chat().template().map(template -> template.source()).orElse(""),
                "details",
                details(card),
                "model_info",
                info,
                "capabilities",
                capabilities,
                "modified_at",
                Instant.ofEpochSecond(card.created()).toString());
    }

    private static Map<String, Object> tag(ModelCard card) {
        String name = card.id().contains(":") ? card.id() : card.id() + LATEST;
        return Json.object(
                "name",
                name,
                "model",
                name,
                "modified_at",
                Instant.ofEpochSecond(card.created()).toString(),
                "size",
                0,
                "digest",
                digest(card),
                "details",
                details(card));
    }

    private static Map<String, Object> details(ModelCard card) {
        return Json.object(
                "parent_model",
                card.base() == null ? "" : card.base(),
                "format",
                "",
                "family",
                "",
                "families",
                List.of(),
                "parameter_size",
                "",
                "quantization_level",
                "");
    }

    /** Tells one model from another, as clients use it for. It is made of what is known, not of the file's bytes. */
    private static String digest(ModelCard card) {
        try {
            byte[] known = card.toString().getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(known));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
