package dev.prairie.text.template;

/**
 * What one rendering may spend. Templates come with models, so they are strangers' programs: whatever they do ends within
 * these bounds, with an error that names the bound.
 *
 * @param steps  operations, elements made and elements visited, in all
 * @param depth  expressions, blocks and calls inside one another
 * @param output characters of the rendered text
 * @param text   characters of all strings made on the way, kept or not
 */
public record TemplateLimits(long steps, int depth, int output, long text) {
    /** Room for a prompt of millions of characters; a hostile template ends within a second or two. */
    public static final TemplateLimits DEFAULT = new TemplateLimits(10_000_000, 800, 16 << 20, 96L << 20);

    /** Refuses bounds below 1. */
    public TemplateLimits {
        if (steps < 1 || depth < 1 || output < 1 || text < 1) {
            throw new IllegalArgumentException("template limits: steps " + steps + ", depth " + depth + ", output "
                    + output + ", text " + text + "; each must be at least 1");
        }
    }
}
