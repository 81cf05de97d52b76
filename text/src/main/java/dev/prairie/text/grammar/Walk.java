package dev.prairie.text.grammar;

/** One sequence's way through the configurations of its {@link TokenMasks}. */
final class Walk implements Constraint {
    private static final int MOST_FORCED = 256;

    private final TokenMasks masks;
    private Configuration at;
    private boolean spaceDropped;
    private boolean ended;

    Walk(TokenMasks masks, Configuration at, boolean spaceDropped) {
        this.masks = masks;
        this.at = at;
        this.spaceDropped = spaceDropped;
    }

    @Override
    public void allowed(long[] mask) {
        if (ended) {
            java.util.Arrays.fill(mask, 0);
        } else {
            masks.allowed(at, spaceDropped, mask);
        }
    }

    @Override
    public boolean accept(int id) {
        if (ended) {
            return false;
        }
        if (masks.endsText(id)) {
            ended = mayEnd();
            return ended;
        }
        Configuration next = masks.step(at, id, spaceDropped);
        if (next.isDead()) {
            return false;
        }
        at = next;
        spaceDropped = false;
        return true;
    }

    @Override
    public boolean mayEnd() {
        return ended || masks.mayEnd(at);
    }

    @Override
    public boolean mustEnd() {
        return ended || !masks.goesOn(at);
    }

    @Override
    public byte[] forced() {
        return ended ? new byte[0] : masks.forced(at, MOST_FORCED);
    }

    @Override
    public Constraint copy() {
        Walk copy = new Walk(masks, at, spaceDropped);
        copy.ended = ended;
        return copy;
    }
}
