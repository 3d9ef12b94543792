#include "actors/cli/report.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

/* A finished workflow: one test fails, one defect is seen by a tool of each role. */
static const char workflow_text[] =
    "{'workflowId':'wfl_1','state':'succeeded','tasks':["
    "{'role':'code-indexer','state':'succeeded','taskId':'tsk_0','result':{'output':{'files':2,"
    "'lines':40,'languages':[{'language':'C'}]},'metadata':{'skipped':['big.c: too large']}}},"
    "{'role':'code-validator','state':'succeeded','taskId':'tsk_1','result':{'output':{"
    "'dimensions':{'syntax':{'score':1.0,'evidence':'gcc: 2 files'},'semantics':{'score':0.5,"
    "'evidence':'gcc -fanalyzer'}},'findings':[{'ruleId':'uaf','cwe':'CWE-416','severity':'high',"
    "'file':'a.c','line':7,'column':1,'message':'use after free','tools':['gcc'],"
    "'fingerprint':'1'}]},'metadata':{'skipped':[]}}},"
    "{'role':'security-scanner','state':'succeeded','taskId':'tsk_2','result':{'output':{"
    "'score':0.9,'evidence':'cppcheck','findings':[{'ruleId':'deallocuse','cwe':'CWE-416',"
    "'severity':'critical','file':'a.c','line':7,'column':3,'message':'memory used after free',"
    "'tools':['cppcheck'],'fingerprint':'2'},{'ruleId':'x','cwe':'CWE-78','severity':'low',"
    "'file':'b.c','line':1,'column':1,'message':'m','tools':['flawfinder'],'fingerprint':'3'}]},"
    "'metadata':{'skipped':[]}}},"
    "{'role':'test-runner','state':'succeeded','taskId':'tsk_3','result':{'output':{"
    "'framework':'make','command':['make','check'],'build':{'ok':true},'passed':3,'failed':1,"
    "'flaky':0,'skipped':0,'runs':3,'cases':[{'name':'good','status':'passed'},{'name':'bad',"
    "'status':'failed','message':'expected 1','file':'t.c','line':4}]},"
    "'metadata':{'skipped':[]}}}]}";

static json_t *workflow(void)
{
    char *text = strdup(workflow_text);
    for (char *p = text; *p != '\0'; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }
    json_t *json = json_loads(text, 0, NULL);
    free(text);
    return json;
}

Test(report, two_roles_that_saw_one_defect_make_one_finding)
{
    json_t *w = workflow();
    json_t *r = report_build(w, "/tree", 1234);
    json_t *findings = json_object_get(r, "findings");
    cr_assert_eq(json_array_size(findings), 2u);
    json_t *first = json_array_get(findings, 0);
    cr_assert_str_eq(json_string_value(json_object_get(first, "severity")), "critical");
    cr_assert_eq(json_array_size(json_object_get(first, "tools")), 2u);
    json_decref(r);
    json_decref(w);
}

Test(report, the_verdict_says_why)
{
    json_t *w = workflow();
    json_t *r = report_build(w, "/tree", 1234);
    cr_assert_str_eq(json_string_value(json_object_get(r, "verdict")), "fail");
    const char *why = json_string_value(json_object_get(r, "summary"));
    cr_assert(strstr(why, "1 of 4 tests fails") != NULL);
    cr_assert(strstr(why, "1 critical finding") != NULL);
    json_decref(r);
    json_decref(w);
}

Test(report, scores_stand_beside_their_evidence_and_unjudged_ones_are_left_out)
{
    json_t *w = workflow();
    json_t *r = report_build(w, "/tree", 1234);
    json_t *scores = json_object_get(r, "scores");
    cr_assert(json_real_value(json_object_get(scores, "tests")) == 0.75);
    cr_assert_null(json_object_get(scores, "architecture"));
    cr_assert_not_null(json_object_get(json_object_get(r, "evidence"), "security"));
    json_decref(r);
    json_decref(w);
}

/* @p end is what the workflow's test-runner said of its build. */
static json_t *report_of_build(const char *end)
{
    json_t *w = workflow();
    json_t *runner = json_object_get(json_array_get(json_object_get(w, "tasks"), 3), "result");
    json_object_set_new(runner, "output", json_loads(end, 0, NULL));
    json_t *r = report_build(w, "/tree", 1);
    json_decref(w);
    return r;
}

Test(report, a_build_that_was_stopped_is_no_build_that_fails)
{
    json_t *r = report_of_build("{\"command\":[\"make\"],\"build\":{\"ok\":false,\"log\":null},"
                                "\"limitHit\":\"wall\",\"cases\":[]}");
    cr_expect_null(json_object_get(json_object_get(r, "scores"), "tests"));
    const char *why = json_string_value(json_object_get(r, "summary"));
    cr_expect_null(strstr(why, "fails"), "%s", why);
    cr_expect_not_null(strstr(why, "the build was stopped"), "%s", why);
    char *skipped = json_dumps(json_object_get(r, "skipped"), 0);
    cr_expect_not_null(strstr(skipped, "--timeout"), "%s", skipped);
    free(skipped);
    json_decref(r);
    r = report_of_build("{\"command\":[\"make\"],\"build\":{\"ok\":false},\"limitHit\":null,"
                        "\"cases\":[]}");
    why = json_string_value(json_object_get(r, "summary"));
    cr_expect_not_null(strstr(why, "the build fails"), "%s", why);
    cr_expect_eq(json_real_value(json_object_get(json_object_get(r, "scores"), "tests")), 0.0);
    json_decref(r);
}

Test(report, one_failure_among_a_thousand_tests_is_no_full_score)
{
    char *text = NULL;
    size_t size = 0;
    json_t *r =
        report_of_build("{\"command\":[\"make\"],\"passed\":1999,\"failed\":1,\"runs\":3,"
                        "\"cases\":[]}");
    FILE *to = open_memstream(&text, &size);
    report_print_text(r, NULL, to);
    fclose(to);
    cr_expect_not_null(strstr(text, "  tests           0.99  make: 1999 passed"), "%s", text);
    free(text);
    json_decref(r);
}

Test(report, fail_on_compares_severities)
{
    json_t *w = workflow();
    json_t *r = report_build(w, "/tree", 1);
    cr_assert(report_reaches(r, "critical"));
    cr_assert(report_reaches(r, "tests"));
    json_array_remove(json_object_get(r, "findings"), 0);
    cr_assert_not(report_reaches(r, "medium"));
    cr_assert(report_reaches(r, "low"));
    json_decref(r);
    json_decref(w);
}

Test(report, sarif_rules_and_results_belong_together)
{
    json_t *w = workflow();
    json_t *r = report_build(w, "/tree", 1);
    json_t *sarif = report_sarif(r);
    cr_assert_not_null(sarif);
    json_t *run = json_array_get(json_object_get(sarif, "runs"), 0);
    json_t *result = json_array_get(json_object_get(run, "results"), 1);
    json_t *rules =
        json_object_get(json_object_get(json_object_get(run, "tool"), "driver"), "rules");
    size_t index = (size_t)json_integer_value(json_object_get(result, "ruleIndex"));
    cr_assert(json_equal(json_object_get(json_array_get(rules, index), "id"),
                         json_object_get(result, "ruleId")));
    json_decref(sarif);
    json_decref(r);
    json_decref(w);
}

Test(report, an_empty_workflow_still_makes_a_report)
{
    json_t *w = json_pack("{s:s, s:[]}", "workflowId", "wfl_2", "tasks");
    json_t *r = report_build(w, "/empty", 1);
    cr_assert_not_null(r);
    cr_assert_eq(json_array_size(json_object_get(r, "findings")), 0u);
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    report_print_text(r, NULL, to);
    fclose(to);
    cr_assert(strstr(text, "cogo assess /empty") != NULL);
    free(text);
    json_decref(r);
    json_decref(w);
}
