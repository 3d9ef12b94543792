/* Findings of several tools become one, keep their name over time, and go out as SARIF. */
#include "actors/roles/finding.h"
#include "actors/roles/sarif.h"
#include "tests/unit/test.h"

#include <string.h>

static finding_draft draft(const char *rule, unsigned cwe, unsigned line, const char *tool,
                           unsigned trust)
{
    return (finding_draft){.rule_id = rule,
                           .cwe = cwe,
                           .severity = FINDING_HIGH,
                           .dimension = FINDING_SECURITY,
                           .file = "src/a.c",
                           .line = line,
                           .message = rule,
                           .tool = tool,
                           .trust = trust};
}

Test(finding, what_several_tools_say_about_one_line_is_one_finding)
{
    finding_list list;
    finding_list_init(&list);
    finding_draft a = draft("cppcheck-doubleFree", 415, 7, "cppcheck", 6);
    finding_draft b = draft("gcc-use-after-free", 416, 7, "gcc", 5);
    finding_draft c = draft("gcc-analyzer-double-free", 415, 7, "gcc -fanalyzer", 8);
    finding_add(&list, &a);
    finding_add(&list, &b);
    finding_add(&list, &c);
    finding_list_merge(&list, NULL);
    cr_assert_eq(list.count, 1u);
    cr_expect_str_eq(list.items[0].rule_id, "gcc-analyzer-double-free", "the most trusted");
    cr_expect_eq(list.items[0].cwe, 415u);
    cr_expect_eq(list.items[0].tool_count, 3u);
    finding_list_finish(&list);
}

Test(finding, different_weaknesses_and_far_lines_stay_apart)
{
    finding_list list;
    finding_list_init(&list);
    finding_draft drafts[] = {draft("a", 415, 7, "x", 5), draft("b", 89, 7, "x", 5),
                              draft("c", 415, 9, "y", 5), draft("d", 0, 7, "x", 5)};
    for (size_t i = 0; i < 4; i++) {
        finding_add(&list, &drafts[i]);
    }
    finding_list_merge(&list, NULL);
    cr_expect_eq(list.count, 4u);
    finding_list_finish(&list);
}

/* gcc puts a leak on the return, clang on the line before. */
Test(finding, leaks_merge_over_two_lines_but_only_between_tools)
{
    finding_list list;
    finding_list_init(&list);
    finding_draft a = draft("a", 401, 7, "gcc", 8), b = draft("b", 401, 8, "clang-tidy", 4);
    finding_draft c = draft("c", 401, 20, "gcc", 8), d = draft("d", 401, 21, "gcc", 8);
    finding_add(&list, &a);
    finding_add(&list, &b);
    finding_add(&list, &c);
    finding_add(&list, &d);
    finding_list_merge(&list, NULL);
    cr_expect_eq(list.count, 3u);
    finding_list_finish(&list);
}

Test(finding, a_cause_line_joins_what_was_said_there)
{
    finding_list list;
    finding_list_init(&list);
    finding_draft sink = draft("python-sql-injection", 89, 9, "python rules", 7);
    finding_draft place = draft("bandit-B608", 89, 7, "bandit", 3);
    sink.cause_line = 7;
    finding_add(&list, &place);
    finding_add(&list, &sink);
    finding_list_merge(&list, NULL);
    cr_assert_eq(list.count, 1u);
    cr_expect_eq(list.items[0].line, 9u);
    cr_expect_eq(list.items[0].tool_count, 2u);
    finding_list_finish(&list);
}

Test(finding, what_only_confirms_is_never_listed_alone)
{
    finding_list list;
    finding_list_init(&list);
    finding_draft alone = draft("flawfinder-strcpy", 120, 3, "flawfinder", 2);
    finding_draft with = draft("flawfinder-strcpy", 120, 30, "flawfinder", 2);
    finding_draft real = draft("c-unbounded-copy", 120, 30, "c rules", 5);
    alone.confirms_only = with.confirms_only = true;
    finding_add(&list, &alone);
    finding_add(&list, &with);
    finding_add(&list, &real);
    finding_list_merge(&list, NULL);
    cr_assert_eq(list.count, 1u);
    cr_expect_eq(list.items[0].line, 30u);
    cr_expect_eq(list.items[0].tool_count, 2u);
    cr_expect_eq(list.unconfirmed, 1u);
    finding_list_finish(&list);
}

Test(finding, equal_findings_have_different_fingerprints_and_stable_ones)
{
    char first[17];
    for (int round = 0; round < 2; round++) {
        finding_list list;
        finding_list_init(&list);
        finding_draft a = draft("a", 89, 3, "x", 5), b = draft("a", 89, 9, "x", 5);
        finding_add(&list, &a);
        finding_add(&list, &b);
        finding_list_merge(&list, NULL);
        cr_assert_eq(list.count, 2u);
        cr_expect(strcmp(list.items[0].fingerprint, list.items[1].fingerprint) != 0);
        if (round == 1) {
            cr_expect_str_eq(list.items[0].fingerprint, first);
        }
        memcpy(first, list.items[0].fingerprint, sizeof first);
        finding_list_finish(&list);
    }
}

Test(finding, the_worst_comes_first_and_decides)
{
    finding_list list;
    finding_list_init(&list);
    cr_expect_str_eq(finding_verdict(&list), "pass");
    cr_expect_eq(finding_score(&list, FINDING_SECURITY, 100), 1.0);
    finding_draft info = draft("a", 0, 1, "x", 5), bad = draft("b", 0, 2, "x", 5);
    info.severity = FINDING_INFO;
    bad.severity = FINDING_CRITICAL;
    finding_add(&list, &info);
    finding_add(&list, &bad);
    finding_list_merge(&list, NULL);
    cr_expect_eq(list.items[0].severity, FINDING_CRITICAL);
    cr_expect_str_eq(finding_verdict(&list), "fail");
    double small = finding_score(&list, FINDING_SECURITY, 100);
    double large = finding_score(&list, FINDING_SECURITY, 100000);
    cr_expect(small > 0.59 && small < 0.61);
    cr_expect(large > 0.99 && large < 1.0);
    finding_list_finish(&list);
}

Test(finding, minor_ones_of_one_rule_are_cut_and_counted)
{
    finding_list list;
    uint64_t left_out = 0;
    finding_list_init(&list);
    for (unsigned i = 1; i <= FINDING_PER_RULE_MAX + 5; i++) {
        finding_draft d = draft("SC2086", 0, i, "shellcheck", 6);
        d.severity = FINDING_INFO;
        finding_add(&list, &d);
    }
    finding_list_merge(&list, NULL);
    json_t *array = finding_list_json(&list, &left_out);
    cr_expect_eq(json_array_size(array), FINDING_PER_RULE_MAX);
    cr_expect_eq(left_out, 5u);
    json_decref(array);
    finding_list_finish(&list);
}

Test(finding, messages_are_masked_and_become_utf8)
{
    finding_list list;
    uint64_t left_out = 0;
    finding_list_init(&list);
    finding_draft a = draft("bandit-B105", 798, 1, "bandit", 3);
    a.message = "Possible hardcoded password: 'hunter2-Secr3t'";
    finding_draft b = draft("b", 0, 2, "x", 3);
    b.message = "bad \xff bytes and AKIAIOSFODNN7EXAMPLQ";
    finding_add(&list, &a);
    finding_add(&list, &b);
    finding_list_merge(&list, NULL);
    json_t *array = finding_list_json(&list, &left_out);
    char *text = json_dumps(array, 0);
    cr_assert_not_null(text);
    cr_expect_null(strstr(text, "hunter2"));
    cr_expect_null(strstr(text, "AKIAIOSF"));
    cr_expect_not_null(strstr(text, "AKIA****************"));
    cr_expect_not_null(strstr(text, "bad ? bytes"));
    free(text);
    json_decref(array);
    finding_list_finish(&list);
}

Test(sarif, the_document_has_the_shape_that_hosts_read)
{
    finding_list list;
    finding_list_init(&list);
    finding_draft a = draft("c-sql-injection", 89, 4, "c rules", 5);
    finding_draft b = draft("odd", 0, 0, "x", 5);
    b.file = "src/a b.c";
    finding_add(&list, &a);
    finding_add(&list, &b);
    finding_list_merge(&list, NULL);
    json_t *evidence =
        json_pack("[{s:s, s:b, s:s, s:[s,s], s:i, s:i}]", "tool", "gcc", "usable", 1, "version",
                  "12.2", "argv", "gcc", "a.c", "exit", 0, "ms", 5);
    json_t *sarif = sarif_document(&list, evidence);
    cr_assert_not_null(sarif);
    const char *version = NULL, *schema = NULL, *rule = NULL, *uri = NULL, *level = NULL;
    int line = 0, index = -1, exit_code = -1;
    cr_assert_eq(json_unpack(sarif, "{s:s, s:s, s:[{s:[{s:i}]}]}", "version", &version,
                             "$schema", &schema, "runs", "invocations", "exitCode", &exit_code),
                 0);
    cr_expect_str_eq(version, "2.1.0");
    cr_expect_eq(exit_code, 0);
    json_t *run = json_array_get(json_object_get(sarif, "runs"), 0);
    json_t *rules =
        json_object_get(json_object_get(json_object_get(run, "tool"), "driver"), "rules");
    cr_expect_eq(json_array_size(rules), 2u);
    json_t *results = json_object_get(run, "results");
    cr_assert_eq(json_array_size(results), 2u);
    size_t i = 0;
    json_t *result = NULL;
    json_array_foreach(results, i, result)
    {
        json_t *print = json_object_get(result, "partialFingerprints");
        cr_assert_eq(json_unpack(result, "{s:s, s:i, s:s, s:[{s:{s:{s:s}}}]}", "ruleId", &rule,
                                 "ruleIndex", &index, "level", &level, "locations",
                                 "physicalLocation", "artifactLocation", "uri", &uri),
                     0);
        cr_expect_eq(json_object_size(print), 1u);
        json_t *named = json_object_get(json_array_get(rules, (size_t)index), "id");
        cr_expect_str_eq(json_string_value(named), rule);
        cr_expect_null(strchr(uri, ' '), "a URI");
        if (strcmp(rule, "c-sql-injection") == 0) {
            cr_expect_eq(json_unpack(result, "{s:[{s:{s:{s:i}}}]}", "locations",
                                     "physicalLocation", "region", "startLine", &line),
                         0);
            cr_expect_eq(line, 4);
            cr_expect_str_eq(level, "error");
        }
    }
    json_decref(sarif);
    json_decref(evidence);
    finding_list_finish(&list);
}
