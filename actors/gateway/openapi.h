/* The OpenAPI 3.1 document of the door, made from the route table and the record descriptors.
 * Used by GET /openapi.json. Never written by hand, so it can't drift. */
#ifndef GATEWAY_OPENAPI_H
#define GATEWAY_OPENAPI_H

#include <jansson.h>

/* The caller owns it. NULL when out of memory. */
json_t *openapi_document(void);

#endif
