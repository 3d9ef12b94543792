/* The AsyncAPI 3 document of the WebSocket, made from the table of frames and the record
 * descriptors. Used by GET /asyncapi.json. Never written by hand, so it can't drift. */
#ifndef GATEWAY_ASYNCAPI_H
#define GATEWAY_ASYNCAPI_H

#include <jansson.h>

/* The caller owns it. NULL when out of memory. */
json_t *asyncapi_document(void);

#endif
