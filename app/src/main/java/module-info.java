/** What a person types: the {@code prairie} command line. */
module dev.prairie.app {
    requires static org.jspecify;
    requires java.net.http;
    requires jdk.unsupported; // signals, which JLine reaches by reflection
    requires info.picocli;
    requires org.jline.reader;
    requires org.jline.terminal;
    requires tools.jackson.databind;
    requires dev.prairie.train;
    requires dev.prairie.serve;

    opens dev.prairie.app to
            info.picocli;
    opens dev.prairie.app.hub to
            tools.jackson.databind;
}
