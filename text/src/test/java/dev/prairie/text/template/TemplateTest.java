package dev.prairie.text.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the engine makes of small templates; the wanted texts are those of Jinja2 3.1.6. */
final class TemplateTest {
    private static final Clock NOW = Clock.fixed(Instant.parse("2025-07-10T09:05:03Z"), ZoneOffset.UTC);

    private static String render(String template) {
        return Template.parse(template).render(Map.of(), NOW);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '→',
            quoteCharacter = '`',
            value = {
                "-7 // 2 ~ ' ' ~ -7 % 3 ~ ' ' ~ 7 % -3 ~ ' ' ~ 2 ** 3 ** 2 ~ ' ' ~ -2 ** 2 ~ ' ' ~ 10 ** 20 → -4 2 -2 64 4 100000000000000000000",
                "1e15 ~ ' ' ~ 1e16 ~ ' ' ~ 0.0001 ~ ' ' ~ 0.00001 ~ ' ' ~ (0.1 + 0.2) ~ ' ' ~ 1 / 3 → 1000000000000000.0 1e+16 0.0001 1e-05 0.30000000000000004 0.3333333333333333",
                "(1 < 2 < 3) ~ (1 == 1.0 == true) ~ ('a' < 'b') ~ ([1, 2] < [1, 3]) → TrueTrueTrueTrue",
                "{1: 'a', 1.0: 'b', true: 'c'} → {1: 'c'}",
                "[none, true, \"it's\", 'say \"x\"', (1,), 1.0] → [None, True, \"it's\", 'say \"x\"', (1,), 1.0]",
                "'a🤗b'[1] ~ 'a🤗b'|length ~ 'a🤗b'[::-1] ~ 'abc'[-2:] → 🤗3b🤗abc",
                "' a  b c '.split(none, 1) ~ 'a.b.c'.rsplit('.', 1) → ['a', 'b c ']['a.b', 'c']",
                "\"it's DON'T x\".title() ~ \" it's don't\"|title → It'S Don'T X It's Don't",
                "'%05.1f|%-5s|%r|%d' % (3.14159, 'a', 'b', 3.9) → 003.1|a    |'b'|3",
                "'{:>4}|{:,}|{:.2f}|{!r}|{a}'.format('x', 1234567, 2.675, 'q', a=1) → `   x|1,234,567|2.67|'q'|1`",
                "'{:{}}|{:{w}}|'.format('a', 3, 'b', w=2) → a  |b |",
                "{'b': 1, 'a': [1, {}]}|tojson(indent=1, sort_keys=true) → `{\n \"a\": [\n  1,\n  {}\n ],\n \"b\": 1\n}`",
                "('a'|safe + '<b>') ~ ('<' + 'x'|safe) → a&lt;b&gt;&lt;x",
                "'12x'|int(7) ~ '0x1F'|int(base=16) ~ '1e3'|int ~ ' 42 '|int ~ none|int → 7311000420",
                "2.5|round ~ ' ' ~ 2.19|round(1, 'floor') ~ ' ' ~ 42|round → 2.0 2.1 42",
                "[1, 2, 3, 4, 5]|batch(2)|list ~ [1, 2, 3]|slice(2, 'x')|list → [[1, 2], [3, 4], [5]][[1, 2], [3, 'x']]",
                "[{'a': 2}, {'a': 1}]|sort(attribute='a')|map(attribute='a')|join(',') → 1,2",
                "none|selectattr('x')|list ~ undefined_name|map('upper')|list → [][]",
                "{'items': 1}.items is callable ~ {'items': 1}['items'] → True1",
                "strftime_now('%d %b %Y, %A, %-d/%-m, %I:%M %p, %j') → `10 Jul 2025, Thursday, 10/7, 09:05 AM, 191`",
                "'abc' is in ['abc'] and 9 is divisibleby 3 and not 1 is string → True",
            })
    void expressions(String expression, String wanted) {
        assertThat(render("{{ " + expression + " }}")).isEqualTo(wanted);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '→',
            quoteCharacter = '`',
            value = {
                "{% for c in [[1,[[2,[]]]],[3,[]]] recursive %}{{c[0]}}({{loop.depth}}{{loop(c[1])}}){% endfor %} → 1(12(2))3(1)",
                "{% set x=1 %}{% for i in [1,2] %}{{x}}{% set x=x+1 %}{{x}}{% endfor %}{{x}} → 12121",
                "{% for x in [1,2,3,4] if x is odd %}{{x}}{{loop.last}}{{loop.length}}{% endfor %} → 1False23True2",
                "{% for i in [1,2,3] %}{{loop.previtem}}{{loop.nextitem}}{{loop.changed(1)}}{{loop.cycle('a','b')}}{% endfor %} → 2Truea13Falseb2Falsea",
                "{% macro m(a,b=2,c=a) %}{{a}}{{b}}{{c}}{% endmacro %}{{m(1)}} {{m(b=5,a=4)}} {{m(*[7,8])}} → 121 454 787",
                "{% macro m(a) %}{{a}}{{varargs}}{{kwargs}}{% endmacro %}{{m(1,2,3,z=4)}} → 1(2, 3){'z': 4}",
                "{% macro m() %}[{{caller(1,2)}}]{% endmacro %}{% call(a,b) m() %}{{a+b}}{% endcall %} → [3]",
                "{% set x=5 %}{% macro m() %}{{x}}{% endmacro %}{% set x=6 %}{{m()}} → 6",
                "{% set x|upper|trim %} abc {% endset %}[{{x}}] → [ABC]",
                "{% filter upper|replace('A','z') %}abc{% endfilter %} → zBC",
                "{% with a=1,b=2 %}{{a}}{{b}}{% endwith %}{{a is defined}} → 12False",
                "{% set x=1 %}{% generation %}{% set x=2 %}{{x}}{% endgeneration %}{{x}} → 21",
                "{% raw %}{{ x }}{% y %}{% endraw %} → {{ x }}{% y %}",
                "{% set n=namespace(a=1) %}{% for i in range(3) %}{% set n.a=n.a*2 %}{% endfor %}{{n.a}} → 8",
                "{% set l=[1] %}{% set _=l.append(2) %}{{l}}{{l.pop()}} → [1, 2]2",
                "{% if if in in %}a{% endif %}{% set if='a' %}{% set in='abc' %}{% if if in in %}b{% endif %} → b",
            })
    void statements(String template, String wanted) {
        assertThat(render(template)).isEqualTo(wanted);
    }

    @Test
    void blanksAroundBlocksGoAsTheOptionsSay() {
        String template = "a\n  {% if true %}\nb\n  {%+ if true %}\nc{% endif -%}\n d\n{% endif %}\n";
        assertThat(render(template)).isEqualTo("a\nb\n  cd\n");
        assertThat(Template.parse(template, new TemplateOptions(false, false, true), TemplateLimits.DEFAULT)
                        .render(Map.of(), NOW))
                .isEqualTo("a\n  \nb\n  \ncd\n\n");
    }

    @Test
    void dataAreNotChanged() {
        List<Integer> list = List.of(1);
        Map<String, Object> data = Map.of("l", list, "d", Map.of("a", 1));
        Template template = Template.parse("{% set _=l.append(2) %}{% set _=d.update(b=2) %}{{l}}{{d}}");
        assertThat(template.render(data, NOW)).isEqualTo("[1, 2]{'a': 1, 'b': 2}");
        assertThat(list).containsExactly(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '→',
            quoteCharacter = '`',
            value = {
                "{{ x → LEXING 1 1 is never closed",
                "`a\n {{ 'x }}` → LEXING 2 5 the string is never closed",
                "{{ 1 ! 2 }} → LEXING 1 6 unexpected character '!'",
                "{# x → LEXING 1 1 never closed",
                "{{ (1 }} → PARSING 1 7 expected ')'",
                "`x\n{% if a %}b` → PARSING 2 12 add {% endif %}",
                "{% endfor %} → PARSING 1 4 closes nothing",
                "{% break %} → PARSING 1 4 outside of a loop",
                "{% include 'x' %} → PARSING 1 4 not offered",
                "{{ 1 + }} → PARSING 1 8 expected an expression",
                "{{ a.b.c }} → RUNTIME 1 5 'a' is undefined",
                "{{ 'a' + 1 }} → RUNTIME 1 8 a string and an integer",
                "{{ raise_exception('roles must alternate') }} → RUNTIME 1 19 roles must alternate",
                "{{ x() }} → RUNTIME 1 5 cannot be called",
                "{{ 'x'|nofilter }} → RUNTIME 1 8 no filter is called 'nofilter'",
                "{{ 1 is notest }} → RUNTIME 1 6 no test is called 'notest'",
                "{{ 1/0 }} → RUNTIME 1 5 division by zero",
                "{% for x in 5 %}{% endfor %} → RUNTIME 1 4 cannot be iterated",
                "{{ {[1]: 2} }} → RUNTIME 1 4 cannot be a key",
                "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }} → RUNTIME 1 35 too many",
            })
    void errorsSayWhereAndWhat(String template, String wanted) {
        TemplateException error = catchThrowableOfType(TemplateException.class, () -> render(template));
        String[] parts = wanted.split(" ", 4);
        assertThat(error).as(template).isNotNull();
        assertThat(error.stage() + " " + error.line() + " " + error.column())
                .isEqualTo(parts[0] + " " + parts[1] + " " + parts[2]);
        assertThat(error).hasMessageContaining(parts[3]).hasMessageContaining("; ");
    }

    @Test
    void javaCannotBeReached() {
        assertThat(render("{{ ''.class is defined }}{{ ''.__class__ is defined }}{{ [].getClass is defined }}"))
                .isEqualTo("FalseFalseFalse");
        assertThatThrownBy(() -> Template.parse("{{ x }}").render(Map.of("x", new Object()), NOW))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("java.lang.Object");
    }
}
