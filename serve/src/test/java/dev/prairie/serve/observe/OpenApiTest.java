package dev.prairie.serve.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.prairie.serve.api.Routes.Route;
import dev.prairie.serve.api.Scope;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The description is made from the routes; the table of words only adds to it. */
final class OpenApiTest {
    @Test
    void aRouteThatIsNotInTheTableIsDescribedToo() {
        var described = OpenApi.describe(List.of(
                new Route("DELETE", "/v9/things/{id}/parts/<part>", Scope.EMBED), new Route("GET", "/", Scope.OPEN)));
        assertThat(described.path("paths").propertyNames()).containsExactly("/v9/things/{id}/parts/{part}", "/");
        var operation =
                described.at("/paths").get("/v9/things/{id}/parts/{part}").get("delete");
        assertThat(operation.at("/parameters/0/name").stringValue()).isEqualTo("id");
        assertThat(operation.at("/parameters/1/name").stringValue()).isEqualTo("part");
        assertThat(operation.path("x-prairie-scope").stringValue()).isEqualTo("embed");
        assertThat(described.at("/paths").get("/").at("/get/security")).isEmpty();
    }
}
