package dev.prairie.train.loop;

import java.util.OptionalDouble;

/**
 * How a run ended.
 *
 * @param run             its folder
 * @param finished        whether all steps are done; else it was interrupted, and can be resumed
 * @param step            last step done
 * @param loss            nats a token of the last step
 * @param valLoss         nats a token over the last validation
 * @param valBitsPerByte  the same in bits a byte of text, comparable over tokenizers
 * @param tokensPerSecond of training, without validation and samples
 * @param seconds         of this call, with everything
 */
public record Outcome(
        RunFolder run,
        boolean finished,
        int step,
        double loss,
        OptionalDouble valLoss,
        OptionalDouble valBitsPerByte,
        double tokensPerSecond,
        double seconds) {}
