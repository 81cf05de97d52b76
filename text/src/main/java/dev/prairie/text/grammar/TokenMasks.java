package dev.prairie.text.grammar;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A grammar joined with a vocabulary. What a token may do mostly depends on the state of the rule alone and not on the
 * stack beneath: that part of a mask is made once for a state ({@link Local}). Only a token that ends the rule inside
 * itself, such as {@code ",}, needs the stack; a state remembers the few places of the trie where that happens, and only
 * the branches behind them are walked when the stack is known. A mask that was made stays with its configuration.
 *
 * <p>Thread-safe; shared by all sequences with this grammar.
 *
 * @see <a href="https://arxiv.org/abs/2411.15100">Dong and others, XGrammar (2024): masks ahead of time, checked by stack</a>
 */
public final class TokenMasks {
    /** Nodes of the trie that are visited for masks of states before anybody asks: some 30 ms. */
    private static final int AHEAD = 4_000_000;

    /** Memory for masks of states, in longs, before they are forgotten: 64 MB. */
    private static final int MOST_WORDS = 8_000_000;

    private final GrammarTokens vocabulary;
    private final Automaton automaton;
    private final Configurations configurations;
    private final Frame below;
    private final Configuration start;
    private final boolean startMayEnd;
    /** For each name of the automaton the id that it means, or -1. */
    private final int[] named;

    private final @Nullable Local[] locals;
    private final Configuration[] path;
    private final long[] bits;
    private @Nullable Mask startWithoutSpace;
    private int words;
    private long visited;

    /** What is allowed after a state whatever its rule returns to, and the nodes of the trie where the rule may end. */
    private record Local(Mask mask, int[] returns) {}

    TokenMasks(GrammarTokens vocabulary, Automaton automaton) {
        this.vocabulary = vocabulary;
        this.automaton = automaton;
        configurations = new Configurations(automaton);
        named = automaton.names.stream().mapToInt(this::id).toArray();
        below = configurations.bottom();
        start = configurations.at(0, configurations.bottom());
        startMayEnd = automaton.finals[0];
        locals = new Local[automaton.states()];
        path = new Configuration[vocabulary.deepest + 1];
        Arrays.fill(path, start);
        bits = new long[vocabulary.words()];
        for (int state = 0; state < locals.length && visited < AHEAD && words < MOST_WORDS / 2; state++) {
            local(state);
        }
    }

    private int id(Expr.Token token) {
        return switch (token.name()) {
            case Expr.Name.Id id -> {
                if (id.id() >= vocabulary.vocabulary) {
                    throw new GrammarException("the grammar names token " + id.id() + ", but the vocabulary ends at "
                            + (vocabulary.vocabulary - 1));
                }
                yield id.id();
            }
            case Expr.Name.Spelled spelled -> {
                int[] ids = vocabulary.tokenizer.encodeWithSpecials(spelled.text());
                if (ids.length != 1) {
                    throw new GrammarException("the grammar names the token " + spelled.text()
                            + ", which is not one token of this vocabulary; write it as text in quotes");
                }
                yield ids[0];
            }
            case Expr.Name.IfSpecial special ->
                vocabulary.tokenizer.id(special.text()).orElse(-1);
        };
    }

    /** At the beginning of a text. */
    public Constraint begin() {
        return new Walk(this, start, false);
    }

    /**
     * At the beginning of a text that follows a special token, with a tokenizer that leaves out the space that then
     * begins it ({@link dev.prairie.text.tokenizer.Tokenizer#dropsFirstSpace}): the first token may have that space more.
     */
    public Constraint beginWithoutSpace() {
        return new Walk(this, start, true);
    }

    /** The vocabulary's words of a mask. */
    public int words() {
        return vocabulary.words();
    }

    synchronized void allowed(Configuration at, boolean spaceDropped, long[] into) {
        if (into.length != vocabulary.words()) {
            throw new IllegalArgumentException("a mask of " + into.length + " words for a vocabulary of "
                    + vocabulary.vocabulary + " tokens, which takes " + vocabulary.words());
        }
        Arrays.fill(into, 0);
        (spaceDropped ? withoutSpace() : mask(at)).addTo(into);
        if (mayEnd(at)) {
            for (int id : vocabulary.ends) {
                into[id >> 6] |= 1L << id;
            }
        }
    }

    boolean mayEnd(Configuration at) {
        return at == start ? startMayEnd : at.ends;
    }

    boolean endsText(int id) {
        return vocabulary.endsText(id);
    }

    /** Whether any token but an end may come. */
    synchronized boolean goesOn(Configuration at) {
        Mask mask = mask(at);
        return !(mask instanceof Mask.Few few) || few.ids().length > 0;
    }

    /** Where a token leads: dead if it is not allowed. */
    synchronized Configuration step(Configuration from, int id, boolean spaceDropped) {
        Configuration at = from;
        if (vocabulary.tokenizer.specials().isSpecial(id) || vocabulary.endsText(id)) {
            at = configurations.dead();
        } else {
            byte[] bytes = vocabulary.tokenizer.bytes(id);
            int first = spaceDropped && bytes.length > 0 && bytes[0] == ' ' ? 1 : 0;
            for (int i = first; i < bytes.length && !at.isDead(); i++) {
                at = configurations.step(at, bytes[i]);
            }
            if (bytes.length == first) {
                at = configurations.dead();
            }
        }
        if (named.length == 0 || vocabulary.endsText(id)) {
            return at;
        }
        boolean[] meant = new boolean[named.length];
        for (int i = 0; i < named.length; i++) {
            meant[i] = automaton.names.get(i).negated() ? named[i] != id : named[i] == id;
        }
        return configurations.union(at, configurations.token(from, meant));
    }

    /** The bytes that must come, as many as there is no choice of. */
    synchronized byte[] forced(Configuration from, int most) {
        byte[] found = new byte[most];
        int size = 0;
        Configuration at = from;
        while (size < most && !mayEnd(at)) {
            int only = configurations.onlyByte(at);
            if (only < 0) {
                break;
            }
            found[size++] = (byte) only;
            at = configurations.step(at, (byte) only);
        }
        return Arrays.copyOf(found, size);
    }

    private Mask mask(Configuration at) {
        Mask known = at.mask;
        if (known != null) {
            return known;
        }
        Local[] parts = new Local[at.reached];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = local(at.states[i]);
        }
        Arrays.fill(bits, 0);
        for (int i = 0; i < parts.length; i++) {
            parts[i].mask.addTo(bits);
            if (parts[i].returns.length > 0 && !at.frames[i].isBottom()) {
                Configuration returned = configurations.returned(at.frames[i]);
                for (int node : parts[i].returns) {
                    walk(returned, node + 1, vocabulary.skip[node], null);
                }
            }
        }
        addNamed(at);
        Mask made = Mask.of(bits);
        at.mask = made;
        configurations.charge(made.size());
        return made;
    }

    /** The tokens that rules ask for by name; those that end a text are never among them. */
    private void addNamed(Configuration at) {
        for (int state : at.states) {
            int[] edges = automaton.tokens[state];
            for (int k = 0; k < edges.length; k += 2) {
                int id = named[edges[k]];
                if (!automaton.names.get(edges[k]).negated()) {
                    if (id >= 0 && !vocabulary.endsText(id)) {
                        bits[id >> 6] |= 1L << id;
                    }
                } else {
                    for (int other = 0; other < vocabulary.vocabulary; other++) {
                        if (other != id && !vocabulary.endsText(other)) {
                            bits[other >> 6] |= 1L << other;
                        }
                    }
                }
            }
        }
    }

    private Local local(int state) {
        Local known = locals[state];
        if (known == null) {
            Arrays.fill(bits, 0);
            Ints returns = new Ints();
            walk(configurations.at(state, below), 0, vocabulary.nodes, returns);
            known = new Local(Mask.of(bits), returns.toArray());
            words += known.mask.size() + known.returns.length / 2;
            if (words > MOST_WORDS) {
                Arrays.fill(locals, null);
                words = 0;
            }
            locals[state] = known;
        }
        return known;
    }

    private Mask withoutSpace() {
        Mask known = startWithoutSpace;
        if (known == null) {
            mask(start);
            Arrays.fill(bits, 0);
            int node = 0;
            while (node < vocabulary.nodes) {
                int next = vocabulary.skip[node];
                if (vocabulary.label[node] == ' ') {
                    walk(start, node + 1, next, null);
                } else {
                    walk(start, node, next, null);
                }
                node = next;
            }
            addNamed(start);
            known = Mask.of(bits);
            startWithoutSpace = known;
        }
        return known;
    }

    /** Adds the tokens of some nodes of the trie that may follow; and the nodes where the rule at the bottom ends. */
    private void walk(Configuration from, int first, int end, @Nullable Ints returns) {
        if (first >= end) {
            return;
        }
        byte[] label = vocabulary.label;
        short[] depth = vocabulary.depth;
        int[] skip = vocabulary.skip;
        path[depth[first]] = from;
        int node = first;
        int count = 0;
        while (node < end) {
            count++;
            int level = depth[node];
            Configuration at = configurations.step(path[level], label[node]);
            if (at.isDead()) {
                node = skip[node];
                continue;
            }
            for (int id = vocabulary.token[node]; id >= 0; id = vocabulary.same[id]) {
                bits[id >> 6] |= 1L << id;
            }
            if (at.ends && returns != null && skip[node] > node + 1) {
                returns.add(node);
            }
            if (at.states.length == 0) {
                node = skip[node];
            } else {
                path[level + 1] = at;
                node++;
            }
        }
        visited += count;
    }
}
