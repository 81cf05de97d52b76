package dev.prairie.text.reply;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Replies that are content, interrupted by sections of reasoning and of calls. */
final class SectionParser implements ReplyParser {
    private final List<Section> sections;
    private final List<String> openings;
    private final boolean bareJson;
    private final Calls calls;

    /** Text whose kind is not settled yet. */
    private final StringBuilder pending = new StringBuilder();

    /** The section that is open; null in content. */
    private @Nullable Section open;

    /** Up to where {@link #pending} was searched for the end of a section of calls. */
    private int searched;

    /** Blanks that are only shown if text follows. */
    private final StringBuilder blanks = new StringBuilder();

    /** Whether blanks that come next only set text apart from a marker. */
    private boolean afterMarker;

    private boolean anyContent;

    SectionParser(List<Section> sections, boolean bareJson, String prompt, Calls calls) {
        this.sections = sections;
        this.openings = sections.stream().map(Section::open).toList();
        this.bareJson = bareJson;
        this.calls = calls;
        String before = prompt.stripTrailing();
        for (Section section : sections) {
            if (section.isReasoning() && before.endsWith(section.open())) {
                open = section;
                afterMarker = true;
            }
        }
    }

    @Override
    public List<ReplyEvent> add(String text) {
        pending.append(text);
        List<ReplyEvent> events = new ArrayList<>();
        while (advance(events, false)) {
            // each round settles one section or what lies before it
        }
        return events;
    }

    @Override
    public List<ReplyEvent> end() {
        List<ReplyEvent> events = new ArrayList<>();
        while (advance(events, true)) {
            // as above
        }
        if (!blanks.isEmpty() && !afterMarker) {
            String rest = blanks.toString();
            events.add(open != null ? new ReplyEvent.Reasoning(rest) : new ReplyEvent.Content(rest));
            blanks.setLength(0);
        }
        return events;
    }

    /** Settles what it can; true if there may be more. */
    private boolean advance(List<ReplyEvent> events, boolean last) {
        Section section = open;
        if (section == null) {
            return content(events, last);
        }
        return section.isReasoning() ? reasoning(section, events, last) : calls(section, events, last);
    }

    private boolean content(List<ReplyEvent> events, boolean last) {
        if (bareJson && !anyContent && beginsObject()) {
            open = Section.BARE_JSON;
            searched = 0;
            return true;
        }
        int at = -1;
        Section next = null;
        for (Section section : sections) {
            int found = pending.indexOf(section.open());
            if (found >= 0 && (at < 0 || found < at)) {
                at = found;
                next = section;
            }
        }
        if (next == null) {
            show(pending.length() - (last ? 0 : Markers.begun(pending, openings)), false, events);
            return false;
        }
        show(at, false, events);
        pending.delete(0, next.open().length());
        open = next;
        searched = 0;
        if (next.isReasoning()) {
            blanks.setLength(0);
            afterMarker = true;
        }
        return true;
    }

    private boolean beginsObject() {
        int at = 0;
        while (at < pending.length() && Character.isWhitespace(pending.charAt(at))) {
            at++;
        }
        return at < pending.length() && pending.charAt(at) == '{';
    }

    private boolean reasoning(Section section, List<ReplyEvent> events, boolean last) {
        int at = pending.indexOf(section.close());
        if (at < 0) {
            show(pending.length() - (last ? 0 : Markers.begun(pending, List.of(section.close()))), true, events);
            return false;
        }
        show(at, true, events);
        pending.delete(0, section.close().length());
        blanks.setLength(0);
        afterMarker = true;
        open = null;
        return true;
    }

    private boolean calls(Section section, List<ReplyEvent> events, boolean last) {
        int close = section.close().isEmpty() ? -1 : closing(section);
        if (close < 0 && !last) {
            return false;
        }
        int end = close < 0 ? pending.length() : close;
        String body = pending.substring(0, end);
        String raw = section.open() + body + (close < 0 ? "" : section.close());
        pending.delete(0, close < 0 ? end : end + section.close().length());
        open = null;
        try {
            List<Called> read = section.form().orElseThrow().read(body, calls.types());
            blanks.setLength(0);
            calls.emit(read, events);
            afterMarker = true;
        } catch (UnreadableCall malformed) {
            pending.insert(0, raw);
            show(raw.length(), false, events);
        }
        return !pending.isEmpty();
    }

    /** Where the closing marker stands, if not inside of a string of the call's JSON. */
    private int closing(Section section) {
        while (true) {
            int at = pending.indexOf(section.close(), searched);
            if (at < 0) {
                searched = Math.max(0, pending.length() - section.close().length() + 1);
                return -1;
            }
            String body = pending.substring(0, at).stripLeading();
            boolean json = body.startsWith("{") || body.startsWith("[");
            if (!json || !JsonScan.endsQuoted(body)) {
                return at;
            }
            searched = at + 1;
        }
    }

    /** Gives out the first {@code length} characters of what is pending, blanks at either end of a section aside. */
    private void show(int length, boolean reasoning, List<ReplyEvent> events) {
        String text = pending.substring(0, length);
        pending.delete(0, length);
        if (afterMarker) {
            text = text.stripLeading();
        }
        if (text.isEmpty()) {
            return;
        }
        afterMarker = false;
        String shown = text.stripTrailing();
        if (!shown.isEmpty()) {
            String whole = blanks + shown;
            blanks.setLength(0);
            events.add(reasoning ? new ReplyEvent.Reasoning(whole) : new ReplyEvent.Content(whole));
            anyContent |= !reasoning;
        }
        blanks.append(text, shown.length(), text.length());
    }
}
