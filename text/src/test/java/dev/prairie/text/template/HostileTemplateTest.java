package dev.prairie.text.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Templates that want to spend what is not theirs: each ends soon, with an error that names the bound. */
@Timeout(60)
final class HostileTemplateTest {
    private static String render(String template) {
        return Template.parse(template).render(Map.of(), Clock.systemUTC());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '→',
            quoteCharacter = '`',
            value = {
                "{% for a in range(10**9) %}{% endfor %} → range",
                "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %} → steps",
                "{{ 'x' * 10**9 }} → characters",
                "{{ ('x' * 10**9)|length }} → characters",
                "{{ [0] * 10**9 }} → steps",
                "{{ 9 ** (9 ** 9) }} → bits",
                "{% set n=namespace(x=3) %}{% for i in range(60) %}{% set n.x=n.x*n.x %}{% endfor %} → bits",
                "{% set n=namespace(x='ab') %}{% for i in range(60) %}{% set n.x=n.x~n.x %}{% endfor %} → characters",
                "{% set n=namespace(x=[1]) %}{% for i in range(60) %}{% set n.x=n.x+n.x %}{% endfor %} → steps",
                "{% set n=namespace(x=[1]) %}{% for i in range(60) %}{% set n.x=[n.x,n.x] %}{% endfor %}{{ n.x }} → steps",
                "{% set n=namespace(x=[1]) %}{% for i in range(60) %}{% set n.x=[n.x,n.x] %}{% endfor %}{{ n.x|tojson|length }} → steps",
                "{% set n=namespace(x=[1],y=[1]) %}{% for i in range(60) %}{% set n.x=[n.x,n.x] %}{% set n.y=[n.y,n.y] %}{% endfor %}{{ n.x == n.y }} → steps",
                "{% set n=namespace(x=(1,)) %}{% for i in range(30) %}{% set n.x=(n.x,n.x) %}{% endfor %}{{ {n.x: 1} }} → steps",
                "{% set n=namespace(x=[1]) %}{% for i in range(9999) %}{% set n.x=[n.x] %}{% endfor %}{{ n.x }} → deeper",
                "{% set n=namespace(x=[1]) %}{% for i in range(9999) %}{% set n.x=[n.x] %}{% endfor %}{{ n.x|tojson }} → deeper",
                "{% set n=namespace(x=(1,)) %}{% for i in range(9999) %}{% set n.x=(n.x,) %}{% endfor %}{{ {n.x: 1} }} → nested deeper",
                "{% set a=[] %}{% set _=a.append(a) %}{{ a }} → deeper",
                "{% set a={} %}{% set _=a.update(a=a) %}{{ a|tojson }} → deeper",
                "{% set a=[] %}{% set b=[] %}{% set _=a.append(a) %}{% set _=b.append(b) %}{{ a == b }} → deeper",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }} → deeper",
                "{% macro m(f) %}{{ f(f) }}{% endmacro %}{{ m(m) }} → deeper",
                "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %} → deeper",
                "{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %} → writes more",
                "{{ '%999999999d' % 1 }} → places",
                "{{ '{:>999999999}'.format(1) }} → places",
                "{{ 'x'.center(10**9) }} → characters",
                "{{ 'a'|center(10**9) }} → characters",
                "{{ ('a' * 10**6).replace('', 'b' * 10**4) }} → characters",
                "{{ ('\\n' * 10**6)|indent(9000, true, true) }} → characters",
                "{{ range(99999)|join('x' * 10**5) }} → characters",
            })
    void endsWithinItsBounds(String template, String bound) {
        assertThatThrownBy(() -> render(template))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining(bound);
    }

    @Test
    void nestedSourceIsRefusedBeforeTheStackEnds() throws Exception {
        int deep = 50_000;
        List<String> sources = new ArrayList<>(List.of(
                "{{ " + "(".repeat(deep) + "1" + ")".repeat(deep) + " }}",
                "{{ " + "[".repeat(deep) + "]".repeat(deep) + " }}",
                "{{ " + "-".repeat(deep) + "1 }}",
                "{{ " + "not ".repeat(deep) + "1 }}",
                "{{ " + "1 if 1 else ".repeat(deep) + "1 }}",
                "{{ x" + "[0".repeat(deep) + "]".repeat(deep) + " }}",
                "{% if 1 %}".repeat(deep),
                "{% for x in y %}".repeat(deep),
                "{% if 1 %}" + "{% elif 1 %}".repeat(deep) + "{% endif %}",
                "{{ 1" + "+1".repeat(deep) + " }}",
                "{{ x" + "|list".repeat(deep) + " }}",
                "{{ x" + ".a".repeat(deep) + " }}",
                "{{ f" + "()".repeat(deep) + " }}"));
        FutureTask<Void> work = new FutureTask<>(
                () -> {
                    for (String source : sources) {
                        assertThatThrownBy(() -> render(source)).isInstanceOf(TemplateException.class);
                    }
                },
                null);
        Thread small = new Thread(null, work, "small stack", 512 << 10);
        small.start();
        work.get();
    }

    @Test
    void deepestAllowedTemplatesFitASmallStack() throws Exception {
        String recursion =
                "{% macro m(n) %}{% if n %}{% for i in [1] %}{{ [m(n - 1)]|first }}{% endfor %}{% endif %}{% endmacro %}";
        FutureTask<Void> work = new FutureTask<>(
                () -> {
                    assertThat(render(recursion + "{{ m(40) }}ok")).isEqualTo("ok");
                    assertThatThrownBy(() -> render(recursion + "{{ m(400) }}"))
                            .isInstanceOf(TemplateException.class)
                            .hasMessageContaining("deeper");
                },
                null);
        Thread small = new Thread(null, work, "small stack", 512 << 10);
        small.start();
        work.get();
    }

    @Test
    void deepDataAreRefused() {
        Object data = "x";
        for (int i = 0; i < 300; i++) {
            data = List.of(data);
        }
        Object deep = data;
        assertThatThrownBy(() -> Template.parse("{{ d }}").render(Map.of("d", deep), Clock.systemUTC()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("200 levels");
    }
}
