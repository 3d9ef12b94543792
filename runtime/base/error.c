#include <cogo/error.h>

const char *cogo_strerror(cogo_err err)
{
    switch (err) { // No default: the compiler names a forgotten code.
#define X(name, value, text) \
    case COGO_##name:        \
        return text;
        COGO_ERR_MAP(X)
#undef X
    }
    return "unknown error"; // A number that never was a cogo_err.
}
