#include "actors/gateway/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *problem_code(int status)
{
    switch (status) {
    case 400:
        return "BAD_REQUEST";
    case 401:
        return "UNAUTHORIZED";
    case 403:
        return "FORBIDDEN";
    case 404:
        return "NOT_FOUND";
    case 405:
        return "METHOD_NOT_ALLOWED";
    case 408:
        return "REQUEST_TIMEOUT";
    case 409:
        return "CONFLICT";
    case 411:
        return "LENGTH_REQUIRED";
    case 413:
        return "BODY_TOO_LARGE";
    case 414:
        return "TARGET_TOO_LONG";
    case 415:
        return "UNSUPPORTED_MEDIA_TYPE";
    case 416:
        return "RANGE_NOT_SATISFIABLE";
    case 417:
        return "EXPECTATION_FAILED";
    case 422:
        return "VALIDATION_FAILED";
    case 426:
        return "UPGRADE_REQUIRED";
    case 429:
        return "TOO_MANY_REQUESTS";
    case 431:
        return "HEAD_TOO_LARGE";
    case 501:
        return "NOT_IMPLEMENTED";
    case 503:
        return "UNAVAILABLE";
    case 504:
        return "TIMEOUT";
    case 505:
        return "HTTP_VERSION_NOT_SUPPORTED";
    default:
        return "INTERNAL";
    }
}

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

answer *problem_answer(uint64_t exchange, answer_head head, const problem *p)
{
    problem full = *p;
    char extra[1024];
    full.status = p->status >= 400 && p->status <= 599 ? p->status : 500;
    full.code = p->code != NULL ? p->code : problem_code((int)full.status);
    full.type = p->type != NULL ? p->type : "about:blank";
    full.title = p->title != NULL ? p->title : http_status_text((int)full.status);
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
