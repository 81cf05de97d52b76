package dev.prairie.text.template;

import dev.prairie.text.template.Statement.Parameter;
import dev.prairie.text.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads statements: the tags of a template, and the text between them. */
final class Parser {
    private static final Set<String> UNOFFERED =
            Set.of("include", "import", "from", "extends", "block", "do", "autoescape", "trans", "debug");

    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private int loops;

    private Parser(List<Token> tokens) {
        this.tokens = new TokenStream(tokens);
        this.expressions = new ExpressionParser(this.tokens);
    }

    static List<Statement> parse(String source, TemplateOptions options) {
        Parser parser = new Parser(Lexer.tokens(source, options));
        List<Statement> statements = parser.until(Set.of());
        if (parser.tokens.peek().kind() != Kind.END) {
            Token tag = parser.tokens.peek();
            throw parser.tokens.error(tag, "'" + tag.text() + "' closes nothing that is open; remove it");
        }
        return statements;
    }

    /** Statements up to a tag with one of the names in {@code ends}, whose name is then the next token. */
    private List<Statement> until(Set<String> ends) {
        tokens.enter();
        List<Statement> statements = new ArrayList<>();
        while (true) {
            Token token = tokens.peek();
            switch (token.kind()) {
                case TEXT -> statements.add(new Statement.Text(tokens.take().text()));
                case PRINT_BEGIN -> {
                    tokens.take();
                    statements.add(new Statement.Print(expressions.tuple(true, "")));
                    tokens.expect(Kind.PRINT_END);
                }
                case BLOCK_BEGIN -> {
                    tokens.take();
                    Token name = tokens.peek();
                    boolean closes = name.kind() == Kind.NAME
                            && (ends.contains(name.text()) || (ends.isEmpty() && closing(name.text())));
                    if (closes) {
                        tokens.leave();
                        return statements;
                    }
                    statements.add(statement());
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw tokens.error(token, "a block is never closed; add {% "
                                + ends.stream().filter(end -> end.startsWith("end")).findFirst().orElse("end") + " %}");
                    }
                    tokens.leave();
                    return statements;
                }
            }
        }
    }

    private static boolean closing(String name) {
        return name.startsWith("end") || name.equals("else") || name.equals("elif");
    }

    private void endTag() {
        tokens.expect(Kind.BLOCK_END);
    }

    private Statement statement() {
        Token name = tokens.expect(Kind.NAME);
        return switch (name.text()) {
            case "if" -> branch();
            case "for" -> loop(name);
            case "set" -> set();
            case "macro" -> macro(name);
            case "call" -> callBlock(name);
            case "filter" -> filterBlock(name);
            case "with" -> with();
            case "generation" -> {
                endTag();
                yield new Statement.Scoped(List.of(), List.of(), body("endgeneration"));
            }
            case "break", "continue" -> {
                endTag();
                if (loops == 0) {
                    throw tokens.error(name, "'" + name.text() + "' outside of a loop; remove it");
                }
                yield name.text().equals("break")
                        ? new Statement.Break(name.at())
                        : new Statement.Continue(name.at());
            }
            default ->
                throw tokens.error(
                        name,
                        UNOFFERED.contains(name.text())
                                ? "the tag '" + name.text() + "' is not offered in chat templates; write the template without"
                                : "no tag is called '" + name.text() + "'; correct the template");
        };
    }

    /** The statements of a block and the end of its closing tag. */
    private List<Statement> body(String end) {
        List<Statement> body = until(Set.of(end));
        tokens.take();
        endTag();
        return body;
    }

    private Statement branch() {
        Expression condition = expressions.tuple(false, "");
        endTag();
        List<Statement> then = until(Set.of("elif", "else", "endif"));
        List<Statement> otherwise = List.of();
        Token name = tokens.take();
        if (name.text().equals("elif")) {
            tokens.enter();
            otherwise = List.of(branch());
            tokens.leave();
        } else {
            endTag();
            if (name.text().equals("else")) {
                otherwise = body("endif");
            }
        }
        return new Statement.If(condition, then, otherwise);
    }

    private Statement loop(Token name) {
        Expression target = expressions.target("in");
        if (!tokens.skipName("in")) {
            throw tokens.unexpected("'in'");
        }
        Expression iterable = expressions.tuple(false, "recursive");
        Optional<Expression> filter =
                tokens.skipName("if") ? Optional.of(expressions.expression()) : Optional.empty();
        boolean recursive = tokens.skipName("recursive");
        endTag();
        loops++;
        List<Statement> body = until(Set.of("endfor", "else"));
        loops--;
        List<Statement> otherwise = List.of();
        boolean hasElse = tokens.take().text().equals("else");
        endTag();
        if (hasElse) {
            otherwise = body("endfor");
        }
        return new Statement.For(name.at(), target, iterable, filter, recursive, body, otherwise);
    }

    private Statement set() {
        Expression target = expressions.target("");
        if (tokens.skipOperator("=")) {
            Expression value = expressions.tuple(true, "");
            endTag();
            return new Statement.Set(target, value);
        }
        Expression value =
                expressions.filterChain(new Expression.Name(tokens.peek().at(), Statement.CAPTURED));
        endTag();
        return new Statement.SetBlock(target, value, body("endset"));
    }

    private Statement filterBlock(Token name) {
        Expression captured = new Expression.Name(name.at(), Statement.CAPTURED);
        Expression value = expressions.filterChain(expressions.filter(captured));
        endTag();
        return new Statement.FilterBlock(value, body("endfilter"));
    }

    private Statement with() {
        List<Expression> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (tokens.peek().kind() != Kind.BLOCK_END) {
            if (!targets.isEmpty()) {
                tokens.expectOperator(",");
            }
            targets.add(expressions.primary());
            tokens.expectOperator("=");
            values.add(expressions.expression());
        }
        endTag();
        return new Statement.Scoped(targets, values, body("endwith"));
    }

    private Statement.Macro macro(Token tag) {
        Token name = tokens.expect(Kind.NAME);
        return macro(tag, name.text(), parameters(), "endmacro");
    }

    private Statement.Macro macro(Token tag, String name, List<Parameter> parameters, String end) {
        endTag();
        int outer = loops;
        loops = 0;
        List<Statement> body = new ArrayList<>();
        Set<String> names = expressions.namesIn(() -> body.addAll(body(end)));
        loops = outer;
        return new Statement.Macro(
                tag.at(), name, parameters, names.contains("varargs"), names.contains("kwargs"), List.copyOf(body));
    }

    private List<Parameter> parameters() {
        tokens.expectOperator("(");
        List<Parameter> parameters = new ArrayList<>();
        while (!tokens.skipOperator(")")) {
            if (!parameters.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.skipOperator(")")) {
                    break;
                }
            }
            Token name = tokens.expect(Kind.NAME);
            boolean optional = tokens.skipOperator("=");
            if (!optional && !parameters.isEmpty() && parameters.getLast().otherwise().isPresent()) {
                throw tokens.error(name, "'" + name.text() + "' has no default, but the parameter before has; give it one");
            }
            parameters.add(new Parameter(
                    name.text(), optional ? Optional.of(expressions.expression()) : Optional.empty()));
        }
        return parameters;
    }

    private Statement callBlock(Token tag) {
        List<Parameter> parameters = tokens.peek().isOperator("(") ? parameters() : List.of();
        Token at = tokens.peek();
        if (!(expressions.expression() instanceof Expression.Call call)) {
            throw tokens.error(at, "'call' needs a call such as name(…); give it one");
        }
        return new Statement.CallBlock(call, macro(tag, "caller", parameters, "endcall"));
    }
}
