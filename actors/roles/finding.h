/* What an analyzer found, and the list that makes one finding out of what several tools said.
 * Used by the roles that look for defects; their threads add to one list.
 * Never shows a secret: every message is masked on its way in. */
#ifndef ROLES_FINDING_H
#define ROLES_FINDING_H

#include "actors/roles/workspace.h"

#include <pthread.h>

#define FINDING_LISTED_MAX   1000u  /* In an output; the rest is counted. */
#define FINDING_KEPT_MAX     50000u /* Raw ones in memory. */
#define FINDING_TOOLS_MAX    6u
#define FINDING_PER_RULE_MAX 20u /* Listed with one rule and severity low or info. */

typedef enum finding_severity {
    FINDING_INFO,
    FINDING_LOW,
    FINDING_MEDIUM,
    FINDING_HIGH,
    FINDING_CRITICAL,
    FINDING_SEVERITIES,
} finding_severity;

typedef enum finding_dimension {
    FINDING_SYNTAX,
    FINDING_SEMANTICS,
    FINDING_ARCHITECTURE,
    FINDING_SECURITY,
    FINDING_DIMENSIONS,
} finding_dimension;

/* What a tool says. Strings are copied. */
typedef struct finding_draft {
    const char *rule_id; /* "gcc-analyzer-double-free", "SC2086", "secret-aws-key". */
    unsigned cwe;        /* 0: none. */
    finding_severity severity;
    finding_dimension dimension;
    const char *file;      /* Below the tree. */
    unsigned line, column; /* From 1; 0: the whole file. */
    unsigned
        cause_line; /* Where the defect was prepared; merges with what others said there. */
    const char *message;
    const char *tool;   /* A constant that outlives the list. */
    unsigned trust;     /* 0..9: whose words, CWE and severity win in a merge. */
    bool confirms_only; /* Too noisy alone: only adds its tool to what another one found. */
} finding_draft;

typedef struct finding {
    const char *rule_id, *file, *message;
    const char *tools[FINDING_TOOLS_MAX];
    size_t tool_count;
    unsigned cwe, line, column, cause_line, trust;
    finding_severity severity;
    finding_dimension dimension;
    bool confirms_only;
    char fingerprint[17];
} finding;

typedef struct finding_list {
    pthread_mutex_t lock;
    cogo_arena arena;
    finding *items; /* After finding_list_merge(): worst first. */
    size_t count, capacity;
    uint64_t dropped;     /* Beyond FINDING_KEPT_MAX. */
    uint64_t unconfirmed; /* Left out by the merge because nothing confirmed them. */
} finding_list;

void finding_list_init(finding_list *list);
void finding_list_finish(finding_list *list);

/* Adds one; drafts of files that are not in the tree are ignored. Thread-safe. */
void finding_add(finding_list *list, const finding_draft *draft);

/* One finding per defect; worst first; fingerprints. When no thread adds any more. */
void finding_list_merge(finding_list *list, const workspace *ws);

/* The contract's array, at most FINDING_LISTED_MAX, repeated minor ones cut per rule.
 * *out_left_out: how many are not in it. */
json_t *finding_list_json(const finding_list *list, uint64_t *out_left_out);

/* How many of @p severity in @p dimension (FINDING_DIMENSIONS: all). After the merge. */
size_t finding_count(const finding_list *list, finding_dimension dimension,
                     finding_severity severity);

/* 1 - sum(weight of severity) / max(KLOC, 1), clipped to 0..1. After the merge. */
double finding_score(const finding_list *list, finding_dimension dimension,
                     uint64_t code_lines);

/* "fail" with a critical or high one, "warn" with a medium one, else "pass". */
const char *finding_verdict(const finding_list *list);

const char *finding_severity_name(finding_severity severity);
const char *finding_dimension_name(finding_dimension dimension);

#endif
