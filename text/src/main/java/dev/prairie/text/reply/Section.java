package dev.prairie.text.reply;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A part of a reply between two markers.
 *
 * @param open  the marker that begins it
 * @param close the marker that ends it; empty if it goes on to the end of the reply
 * @param form  how calls are written in it; empty for reasoning
 */
record Section(String open, String close, Optional<CallForm> form) {
    /** Calls that have no markers around them. */
    static final Section BARE_JSON = calls("", "", CallForm.LLAMA);

    private static Section reasoning(String open, String close) {
        return new Section(open, close, Optional.empty());
    }

    private static Section calls(String open, String close, CallForm form) {
        return new Section(open, close, Optional.of(form));
    }

    /** What tells its marker from others: a template may put it together from parts. */
    String name() {
        return open.replace("<｜DSML｜", "").replace("<｜", "").replace("｜>", "");
    }

    boolean isReasoning() {
        return form.isEmpty();
    }

    /** The sections whose markers stand in a template. */
    static List<Section> of(String template) {
        List<Section> sections = new ArrayList<>();
        if (template.contains("</think>") || template.contains("<think>")) {
            sections.add(reasoning("<think>", "</think>"));
        }
        if (template.contains("[THINK]")) {
            sections.add(reasoning("[THINK]", "[/THINK]"));
        }
        if (template.contains("seed:think")) {
            sections.add(reasoning("<seed:think>", "</seed:think>"));
        }
        if (template.contains("<tool_call>") || template.contains("<tool_call")) {
            sections.add(calls("<tool_call>", "</tool_call>", CallForm.TAGGED));
        }
        if (template.contains("seed:tool_call")) {
            sections.add(calls("<seed:tool_call>", "</seed:tool_call>", CallForm.TAGGED));
        }
        if (template.contains("<function=")) {
            sections.add(calls("<function=", "</function>", CallForm.FUNCTION));
        }
        if (template.contains("<TOOLCALL>")) {
            sections.add(calls("<TOOLCALL>", "</TOOLCALL>", CallForm.TAGGED));
        }
        if (template.contains("[TOOL_CALLS]")) {
            sections.add(calls("[TOOL_CALLS]", "", CallForm.MISTRAL));
        }
        if (template.contains("<|python_tag|>")) {
            sections.add(calls("<|python_tag|>", "", CallForm.LLAMA));
        }
        if (template.contains("tool▁calls▁begin")) {
            sections.add(calls("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", CallForm.DEEPSEEK));
        }
        if (template.contains("tool_calls_section_begin")) {
            sections.add(calls("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>", CallForm.KIMI));
        }
        if (template.contains("minimax:tool_call")) {
            sections.add(calls("<minimax:tool_call>", "</minimax:tool_call>", CallForm.INVOKE));
        }
        if (template.contains("｜DSML｜")) {
            sections.add(calls("<｜DSML｜function_calls>", "</｜DSML｜function_calls>", CallForm.INVOKE));
            sections.add(calls("<｜DSML｜tool_calls>", "</｜DSML｜tool_calls>", CallForm.INVOKE));
        }
        return List.copyOf(sections);
    }

    /** Llama 3's templates ask for a call as nothing but an object with a name and parameters. */
    static boolean callsAreBareJson(String template) {
        return template.contains("<|python_tag|>")
                || (template.contains("<|start_header_id|>") && template.contains("\"parameters\": "));
    }
}
