#include "actors/cli/yaml.h"
#include "tests/unit/test.h"

#include <string.h>

static json_t *parse(const char *text, char error[256])
{
    return yaml_to_json(text, strlen(text), error);
}

Test(yaml, a_workflow_becomes_the_same_json)
{
    char error[256];
    json_t *yaml = parse("name: diamond\ntasks:\n  - ref: a\n    role: echo\n    context:\n"
                         "      n: 1\n      on: true\n      text: \"12\"\n      none: ~\n"
                         "  - {ref: b, role: echo, dependencies: [a]}\n",
                         error);
    json_t *json = json_loads(
        "{\"name\":\"diamond\",\"tasks\":[{\"ref\":\"a\",\"role\":\"echo\",\"context\":{\"n\":1,"
        "\"on\":true,\"text\":\"12\",\"none\":null}},{\"ref\":\"b\",\"role\":\"echo\","
        "\"dependencies\":[\"a\"]}]}",
        0, NULL);
    cr_assert_not_null(yaml);
    cr_assert(json_equal(yaml, json));
    json_decref(yaml);
    json_decref(json);
}

Test(yaml, what_is_wrong_is_said_with_its_line)
{
    static const struct {
        const char *text, *word;
    } cases[] = {
        {"a: 1\na: 2\n", "line 2"},
        {"a: &x 1\nb: *x\n", "line 2"},
        {"a: [1, 2\n", "line"},
        {"a: 1\n---\nb: 2\n", "line 2: only one document"},
        {"? [1]\n: 2\n", "must be a word"},
        {"", "empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char error[256] = "";
        json_t *json = parse(cases[i].text, error);
        cr_expect_null(json);
        cr_expect(strstr(error, cases[i].word) != NULL, "%s: %s", cases[i].text, error);
        json_decref(json);
    }
}

Test(yaml, nesting_has_a_limit)
{
    char text[256], error[256];
    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    text[200] = '\0';
    cr_assert_null(parse(text, error));
    cr_assert(strstr(error, "too deeply") != NULL);
}
