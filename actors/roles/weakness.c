#include "actors/roles/weakness.h"

#include <string.h>

static const struct weakness {
    unsigned cwe;
    finding_severity severity;
    const char *class;
    const char *title;
} weaknesses[] = {
    {22, FINDING_HIGH, "path", "path traversal"},
    {77, FINDING_HIGH, "command", "command injection"},
    {78, FINDING_HIGH, "command", "command injection"},
    {79, FINDING_MEDIUM, "xss", "cross-site scripting"},
    {88, FINDING_HIGH, "command", "argument injection"},
    {89, FINDING_HIGH, "sql", "SQL injection"},
    {94, FINDING_HIGH, "code", "code injection"},
    {95, FINDING_HIGH, "code", "code injection"},
    {119, FINDING_HIGH, "bounds", "access outside a buffer"},
    {120, FINDING_HIGH, "bounds", "unchecked copy into a buffer"},
    {121, FINDING_CRITICAL, "bounds", "stack buffer overflow"},
    {122, FINDING_CRITICAL, "bounds", "heap buffer overflow"},
    {124, FINDING_HIGH, "bounds", "write before a buffer"},
    {125, FINDING_HIGH, "bounds", "read outside a buffer"},
    {126, FINDING_HIGH, "bounds", "read beyond a buffer"},
    {127, FINDING_HIGH, "bounds", "read before a buffer"},
    {131, FINDING_HIGH, "bounds", "wrong buffer size"},
    {134, FINDING_HIGH, "format", "uncontrolled format string"},
    {242, FINDING_HIGH, "bounds", "function without bounds"},
    {252, FINDING_LOW, "unchecked", "unchecked result"},
    {259, FINDING_HIGH, "secret", "password in source"},
    {269, FINDING_MEDIUM, "privilege", "privileges kept"},
    {295, FINDING_MEDIUM, "certificate", "certificate not checked"},
    {321, FINDING_HIGH, "secret", "key in source"},
    {327, FINDING_LOW, "crypto", "weak cryptography"},
    {328, FINDING_LOW, "crypto", "weak hash"},
    {330, FINDING_LOW, "crypto", "weak random numbers"},
    {338, FINDING_LOW, "crypto", "weak random numbers"},
    {362, FINDING_LOW, "race", "race"},
    {367, FINDING_LOW, "race", "check and use are not one step"},
    {369, FINDING_MEDIUM, "zero", "division by zero"},
    {377, FINDING_MEDIUM, "temporary", "insecure temporary file"},
    {379, FINDING_MEDIUM, "temporary", "insecure temporary file"},
    {401, FINDING_MEDIUM, "leak", "memory leak"},
    {404, FINDING_MEDIUM, "leak", "resource leak"},
    {415, FINDING_CRITICAL, "freed", "double free"},
    {416, FINDING_CRITICAL, "freed", "use after free"},
    {456, FINDING_MEDIUM, "uninit", "uninitialised value"},
    {457, FINDING_MEDIUM, "uninit", "uninitialised value"},
    {476, FINDING_MEDIUM, "null", "NULL dereference"},
    {502, FINDING_HIGH, "deserialize", "deserialization of foreign data"},
    {562, FINDING_HIGH, "scope", "address of a local escapes"},
    {590, FINDING_HIGH, "freed", "free of what was not allocated"},
    {605, FINDING_LOW, "bind", "binds to all addresses"},
    {676, FINDING_LOW, "bounds", "dangerous function"},
    {685, FINDING_MEDIUM, "arguments", "wrong number of arguments"},
    {686, FINDING_MEDIUM, "arguments", "wrong argument type"},
    {688, FINDING_MEDIUM, "arguments", "wrong argument"},
    {690, FINDING_LOW, "null", "unchecked allocation"},
    {732, FINDING_MEDIUM, "permission", "loose permissions"},
    {762, FINDING_HIGH, "freed", "mismatched allocation and release"},
    {771, FINDING_MEDIUM, "leak", "resource leak"},
    {772, FINDING_MEDIUM, "leak", "resource leak"},
    {775, FINDING_MEDIUM, "leak", "file leak"},
    {786, FINDING_HIGH, "bounds", "access before a buffer"},
    {787, FINDING_CRITICAL, "bounds", "write outside a buffer"},
    {788, FINDING_CRITICAL, "bounds", "access beyond a buffer"},
    {798, FINDING_HIGH, "secret", "secret in source"},
    {824, FINDING_MEDIUM, "uninit", "uninitialised pointer"},
    {825, FINDING_HIGH, "freed", "expired pointer"},
    {908, FINDING_MEDIUM, "uninit", "uninitialised value"},
};

static const struct weakness *find(unsigned cwe)
{
    for (size_t i = 0; i < sizeof weaknesses / sizeof weaknesses[0]; i++) {
        if (weaknesses[i].cwe == cwe) {
            return &weaknesses[i];
        }
    }
    return NULL;
}

const char *weakness_class(unsigned cwe)
{
    const struct weakness *w = find(cwe);
    return w != NULL ? w->class : NULL;
}

finding_severity weakness_severity(unsigned cwe, finding_severity fallback)
{
    const struct weakness *w = find(cwe);
    return w != NULL ? w->severity : fallback;
}

const char *weakness_title(unsigned cwe)
{
    const struct weakness *w = find(cwe);
    return w != NULL ? w->title : "";
}
