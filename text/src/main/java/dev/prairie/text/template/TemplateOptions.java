package dev.prairie.text.template;

/**
 * How whitespace around blocks is treated.
 *
 * @param trimBlocks          the newline after a block or comment goes
 * @param lstripBlocks        blanks between the start of a line and a block or comment go
 * @param keepTrailingNewline the newline that ends the template stays
 */
public record TemplateOptions(boolean trimBlocks, boolean lstripBlocks, boolean keepTrailingNewline) {
    /** What chat templates are written for: blocks leave no lines behind. */
    public static final TemplateOptions CHAT = new TemplateOptions(true, true, false);
}
