/* The role security-scanner: analyzers, secrets, injection rules, loose versions, and an SBOM.
 */
#include "actors/roles/sarif.h"
#include "actors/roles/security_scanner/sast.h"
#include "actors/roles/security_scanner/sbom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const role role_security_scanner;

#define BUDGET_MS 60000u

static const char *const tools[] = {"cppcheck",   "flawfinder", "bandit",
                                    "shellcheck", "python3",    NULL};

static json_t *output_of(const scan *s, uint64_t lines, json_t *sbom)
{
    char evidence[700];
    uint64_t left_out = 0;
    json_t *findings = finding_list_json(s->findings, &left_out);
    char *used = sast_evidence(s->box, NULL);
    (void)snprintf(evidence, sizeof evidence, "%s: %zu finding%s",
                   used != NULL && used[0] != '\0' ? used : "nothing to scan",
                   s->findings->count, s->findings->count == 1 ? "" : "s");
    free(used);
    if (left_out > 0) {
        tool_skip(s->box, "%llu more minor findings are not listed",
                  (unsigned long long)left_out);
    }
    return json_pack(
        "{s:s, s:f, s:s, s:o, s:I, s:o, s:O, s:o}", "verdict", finding_verdict(s->findings),
        "score", finding_score(s->findings, FINDING_DIMENSIONS, lines), "evidence", evidence,
        "findings", findings, "unlisted", (json_int_t)left_out, "sbom", sbom, "tools",
        s->box->evidence, "sarif", sarif_document(s->findings, s->box->evidence));
}

static role_status execute(role_job *job)
{
    workspace ws;
    tool_box box;
    finding_list findings;
    if (!workspace_open(job, &ws)) {
        return ROLE_FAILED;
    }
    if (!tool_box_init(&box, job)) {
        workspace_close(&ws);
        return ROLE_FAILED;
    }
    finding_list_init(&findings);
    workspace_say_generated(job, &ws);
    scan s = {&box, &ws, &findings};
    job->progress(job, 10, "scan", "analyzers");
    sast_run(&s, tool_time_left(job, BUDGET_MS), true);
    job->progress(job, 80, "inventory", "dependencies");
    json_t *sbom = sbom_document(&ws, NULL);
    job->progress(job, 90, "merge", "findings");
    finding_list_merge(&findings, &ws);
    uint64_t lines = scan_code_lines(&ws);
    job->output = output_of(&s, lines, sbom);
    job->quality = finding_score(&findings, FINDING_DIMENSIONS, lines);
    job->confidence = tool_confidence(&box);
    bool whole = !role_cancelled(job);
    finding_list_finish(&findings);
    tool_box_finish(&box);
    workspace_close(&ws);
    return job->output == NULL ? ROLE_FAILED : whole ? ROLE_SUCCESS : ROLE_PARTIAL;
}

const role role_security_scanner = {
    .name = "security-scanner",
    .title = "Finds vulnerabilities, secrets and loose dependencies in a source tree",
    .input_schema = "{\"type\":\"object\",\"properties\":{" WORKSPACE_SCHEMA "}}",
    .output_schema = "{\"type\":\"object\",\"properties\":{"
                     "\"verdict\":{\"enum\":[\"pass\",\"warn\",\"fail\"]},"
                     "\"score\":{\"type\":\"number\"},\"evidence\":{\"type\":\"string\"},"
                     "\"findings\":{\"type\":\"array\"},\"unlisted\":{\"type\":\"integer\"},"
                     "\"sbom\":{\"type\":\"object\",\"description\":\"CycloneDX 1.5\"},"
                     "\"tools\":{\"type\":\"array\"},"
                     "\"sarif\":{\"type\":\"object\",\"description\":\"SARIF 2.1.0\"}}}",
    .default_timeout_ms = 180000,
    .blocking = true,
    .llm = "none",
    .tools = tools,
    .execute = execute,
};
