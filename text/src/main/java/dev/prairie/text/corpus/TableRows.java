package dev.prairie.text.corpus;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Rows of a table; each is a document. Commas: quoted after RFC 4180, so a cell may hold commas, line breaks and doubled
 * quotes. Tabs: never quoted, since in such files a quotation mark is text.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc4180">RFC 4180</a>
 */
final class TableRows implements Rows {
    private static final int ALL = -1;

    private final String source;
    private final BufferedReader in;
    private final char separator;
    private final CorpusOptions options;
    private final int column;
    private Optional<List<String>> first;
    private long row;

    TableRows(String source, BufferedReader in, char separator, CorpusOptions options) throws IOException {
        this.source = source;
        this.in = in;
        this.separator = separator;
        this.options = options;
        first = read();
        List<String> header = first.orElse(List.of());
        column = header.indexOf(options.field());
        if (column != ALL) {
            first = Optional.empty();
        } else if (!options.field().equals(CorpusOptions.TEXT)) {
            throw new CorpusException(
                    source,
                    "has no column '" + options.field() + "'; its first row is " + header + ", name one of them");
        }
    }

    @Override
    public Optional<Document> next() throws IOException {
        Optional<List<String>> cells = first.isPresent() ? first : read();
        first = Optional.empty();
        if (cells.isEmpty()) {
            return Optional.empty();
        }
        List<String> values = cells.get();
        String text = column == ALL ? String.join("\t", values) : column < values.size() ? values.get(column) : "";
        return Optional.of(new Document(source + "#" + row, text));
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private Optional<List<String>> read() throws IOException {
        int c = in.read();
        if (c < 0) {
            return Optional.empty();
        }
        row++;
        List<String> cells = new ArrayList<>();
        StringBuilder cell = new StringBuilder();
        boolean quoted = false;
        boolean opened = false; // whether the cell began with a quotation mark
        for (; c >= 0; c = in.read()) {
            if (quoted) {
                if (c != '"') {
                    cell.append((char) c);
                } else if (peek() == '"') {
                    cell.append((char) in.read());
                } else {
                    quoted = false;
                }
            } else if (c == '"' && separator == ',' && cell.isEmpty() && !opened) {
                quoted = true;
                opened = true;
            } else if (c == separator) {
                cells.add(cell.toString());
                cell.setLength(0);
                opened = false;
            } else if (c == '\n') {
                break;
            } else if (c != '\r' || peek() != '\n') {
                cell.append((char) c);
            }
            if (cell.length() > options.maxDocumentBytes()) {
                throw new CorpusException(
                        source + "#" + row,
                        "has a cell of more than " + options.maxDocumentBytes()
                                + " characters; a quotation mark may be missing");
            }
        }
        if (quoted) {
            throw new CorpusException(
                    source + "#" + row, "ends inside quotation marks; close them, or rename the file to .txt");
        }
        cells.add(cell.toString());
        return Optional.of(cells);
    }

    private int peek() throws IOException {
        in.mark(1);
        int next = in.read();
        in.reset();
        return next;
    }
}
