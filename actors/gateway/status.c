/* The statuses that are answered: what the line says, and the code of a problem when nothing
 * more exact is known. */
#include "actors/gateway/answer.h"

static const struct {
    int status;
    const char *text, *code;
} statuses[] = {
    {200, "OK", NULL},
    {201, "Created", NULL},
    {202, "Accepted", NULL},
    {204, "No Content", NULL},
    {206, "Partial Content", NULL},
    {304, "Not Modified", NULL},
    {400, "Bad Request", "BAD_REQUEST"},
    {401, "Unauthorized", "UNAUTHORIZED"},
    {403, "Forbidden", "FORBIDDEN"},
    {404, "Not Found", "NOT_FOUND"},
    {405, "Method Not Allowed", "METHOD_NOT_ALLOWED"},
    {408, "Request Timeout", "REQUEST_TIMEOUT"},
    {409, "Conflict", "CONFLICT"},
    {411, "Length Required", "LENGTH_REQUIRED"},
    {413, "Content Too Large", "BODY_TOO_LARGE"},
    {414, "URI Too Long", "TARGET_TOO_LONG"},
    {415, "Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE"},
    {416, "Range Not Satisfiable", "RANGE_NOT_SATISFIABLE"},
    {417, "Expectation Failed", "EXPECTATION_FAILED"},
    {422, "Unprocessable Content", "VALIDATION_FAILED"},
    {426, "Upgrade Required", "UPGRADE_REQUIRED"},
    {429, "Too Many Requests", "TOO_MANY_REQUESTS"},
    {431, "Request Header Fields Too Large", "HEAD_TOO_LARGE"},
    {500, "Internal Server Error", "INTERNAL"},
    {501, "Not Implemented", "NOT_IMPLEMENTED"},
    {503, "Service Unavailable", "UNAVAILABLE"},
    {504, "Gateway Timeout", "TIMEOUT"},
    {505, "HTTP Version Not Supported", "HTTP_VERSION_NOT_SUPPORTED"},
};
enum { STATUS_COUNT = sizeof statuses / sizeof statuses[0] };

const char *http_status_text(int status)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (statuses[i].status == status) {
            return statuses[i].text;
        }
    }
    return "Unknown";
}

const char *http_status_code(int status)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (statuses[i].status == status && statuses[i].code != NULL) {
            return statuses[i].code;
        }
    }
    return "INTERNAL";
}
