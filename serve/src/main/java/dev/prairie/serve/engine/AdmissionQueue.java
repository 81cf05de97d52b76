package dev.prairie.serve.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Sequences that wait for their turn, first come, first served, and only so many. Any thread may add, the engine's takes.
 * Those that come back because they had to give their place up, or wait for another choice of their prompt, are first in line
 * and are always taken in.
 */
final class AdmissionQueue {
    private final int capacity;
    private final long tokenCapacity;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Sequence> waiting = new ArrayDeque<>();
    private boolean closed;

    AdmissionQueue(int capacity, long tokenCapacity) {
        this.capacity = capacity;
        this.tokenCapacity = tokenCapacity;
    }

    /**
     * Adds all of {@code sequences}, and those that follow them, or none. What is asked for together is taken together while
     * nobody else waits.
     *
     * @param free sequences that could begin now, and so do not wait for long
     * @throws QueueFullException if they do not fit now
     * @throws EngineClosedException if it is closed
     */
    void add(List<Sequence> sequences, int free) {
        lock.lock();
        try {
            if (closed) {
                throw new EngineClosedException();
            }
            long here = waiting.stream()
                    .filter(s -> !s.cancelled())
                    .mapToInt(Sequence::choices)
                    .sum();
            int choices = sequences.stream().mapToInt(Sequence::choices).sum();
            if (here > 0 && here + choices > (long) capacity + free) {
                throw QueueFullException.requests(here, choices, capacity);
            }
            long tokens = tokens();
            long more = sequences.stream().mapToLong(Sequence::length).sum();
            // A prompt that fits the model but not the queue is taken while nobody else waits.
            if (tokens + more > tokenCapacity && here > 0) {
                throw QueueFullException.tokens(tokens, more, tokenCapacity);
            }
            waiting.addAll(sequences);
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Puts sequences at the head of the line, in their order. */
    void putBack(List<Sequence> sequences) {
        lock.lock();
        try {
            for (int i = sequences.size() - 1; i >= 0; i--) {
                waiting.addFirst(sequences.get(i));
            }
        } finally {
            lock.unlock();
        }
    }

    /** Who is next; null if nobody waits. */
    @Nullable
    Sequence peek() {
        lock.lock();
        try {
            return waiting.peek();
        } finally {
            lock.unlock();
        }
    }

    /** Takes the one that {@link #peek} showed. */
    void remove() {
        lock.lock();
        try {
            waiting.remove();
        } finally {
            lock.unlock();
        }
    }

    /** Takes out those that were cancelled. */
    List<Sequence> removeCancelled() {
        lock.lock();
        try {
            List<Sequence> cancelled = new ArrayList<>();
            for (Iterator<Sequence> i = waiting.iterator(); i.hasNext(); ) {
                Sequence sequence = i.next();
                if (sequence.cancelled()) {
                    cancelled.add(sequence);
                    i.remove();
                }
            }
            return cancelled;
        } finally {
            lock.unlock();
        }
    }

    /** Takes out all. */
    List<Sequence> removeAll() {
        lock.lock();
        try {
            List<Sequence> all = List.copyOf(waiting);
            waiting.clear();
            return all;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until somebody waits; false if it was closed. */
    boolean await() {
        lock.lock();
        try {
            while (!closed && waiting.isEmpty()) {
                changed.awaitUninterruptibly();
            }
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    /** Takes nobody in any more. */
    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean closed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** How many wait. */
    int size() {
        lock.lock();
        try {
            return waiting.stream().mapToInt(Sequence::choices).sum();
        } finally {
            lock.unlock();
        }
    }

    /** Tokens in the prompts of those that wait. */
    long tokens() {
        lock.lock();
        try {
            return waiting.stream().mapToLong(Sequence::length).sum();
        } finally {
            lock.unlock();
        }
    }
}
