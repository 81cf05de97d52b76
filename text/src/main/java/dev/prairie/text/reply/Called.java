package dev.prairie.text.reply;

import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** A call as it was read: the tool, its arguments (an object), and the id if the model gave one. */
record Called(String name, JsonNode arguments, Optional<String> id) {
    Called(String name, JsonNode arguments) {
        this(name, arguments, Optional.empty());
    }
}
