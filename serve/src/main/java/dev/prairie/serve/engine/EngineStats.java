package dev.prairie.serve.engine;

/**
 * What an engine is doing, and has done since it began. Counters only grow; rates are differences of two looks.
 *
 * @param running          sequences that have begun and not ended
 * @param waiting          sequences that have not begun, or had to give their place up
 * @param waitingTokens    tokens in the prompts of those that wait
 * @param blocks           blocks of keys and values
 * @param usedBlocks       of them, in use by sequences
 * @param cachedBlocks     of them, in nobody's use and still findable
 * @param blockTokens      positions in a block
 * @param steps            that the model has run
 * @param promptTokens     computed of prompts
 * @param cachedTokens     of prompts that were found computed
 * @param completionTokens sampled
 * @param preemptions      sequences that had to give their place up
 * @param draftedTokens    guessed ahead
 * @param acceptedTokens   of them, right
 * @param failures         steps that failed
 * @param modelNanos       in which the model ran
 * @param samplingNanos    in which tokens were picked and told
 * @param schedulingNanos  in which steps were put together: all that is neither of the two
 * @param stepNanos        that the present step has taken so far; 0 between steps
 */
public record EngineStats(
        int running,
        int waiting,
        long waitingTokens,
        int blocks,
        int usedBlocks,
        int cachedBlocks,
        int blockTokens,
        long steps,
        long promptTokens,
        long cachedTokens,
        long completionTokens,
        long preemptions,
        long draftedTokens,
        long acceptedTokens,
        long failures,
        long modelNanos,
        long samplingNanos,
        long schedulingNanos,
        long stepNanos) {}
