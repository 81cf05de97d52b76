package dev.prairie.serve.openai;

import dev.prairie.serve.api.Answer;
import java.util.List;
import java.util.Map;

/**
 * The form in which OpenAI's clients expect an answer: where the text stands, and what the parts are called. One form
 * serves one answer; it is told every part of it, and says it in chunks or as a whole. Fields that may be null are written
 * as null, since clients check that they are present.
 */
interface Form {
    /** How the answer's id begins. */
    String idPrefix();

    /** The {@code object} field of a whole answer, or of a part of a streamed one. */
    String object(boolean chunk);

    /** Takes the next part, and gives the choices, one a chunk, by which a stream tells it. */
    List<Map<String, Object>> take(Answer.Part part);

    /** The choices as a whole, after the last part. */
    List<Map<String, Object>> whole();
}
