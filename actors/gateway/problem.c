#include "actors/gateway/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *problem_to_json(const problem *p)
{
    json_t *json = json_from_record(&problem_record, p);
    if (p->retry_after_ms == 0) {
        (void)json_object_del(json, "retryAfterMs");
    }
    if (p->errors.count == 0) {
        (void)json_object_del(json, "errors");
    }
    return json;
}

problem problem_fill(const problem *p)
{
    problem full = *p;
    full.status = p->status >= 400 && p->status <= 599 ? p->status : 500;
    full.type = p->type != NULL ? p->type : "about:blank";
    full.title = p->title != NULL ? p->title : http_status_text((int)full.status);
    full.code = p->code != NULL ? p->code : http_status_code((int)full.status);
    return full;
}

answer *problem_answer(uint64_t exchange, answer_head head, const problem *p)
{
    problem full = problem_fill(p);
    char extra[1024];
    full.request_id = head.request_id;
    const char *before = head.extra != NULL ? head.extra : "";
    if (full.retry_after_ms > 0) {
        snprintf(extra, sizeof extra, "%sRetry-After: %lld\r\n", before,
                 (long long)((full.retry_after_ms + 999) / 1000));
        head.extra = extra;
    }
    head.status = (int)full.status;
    head.content_type = "application/problem+json";
    json_t *json = problem_to_json(&full);
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    answer *a = text != NULL ? answer_make(exchange, &head, text, strlen(text)) : NULL;
    free(text);
    return a;
}
