#include <cogo/system.h>

const char *cogo_version(void)
{
    return COGO_VERSION;
}
