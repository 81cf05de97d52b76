package dev.prairie.app;

/** The {@code prairie} command. */
public final class Main {
    private Main() {}

    /** Prints the version. */
    public static void main(String[] args) {
        System.out.println("prairie 0.1.0 " + String.join(" ", args));
    }
}
