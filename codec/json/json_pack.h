/* jansson values -> MessagePack with a chosen depth.
 * Used by json_to_value(), whose depth is that of one value, and by json_to_record().
 * Never interprets what it packs. */
#ifndef CODEC_JSON_PACK_H
#define CODEC_JSON_PACK_H

#include "codec/json/json.h"

/* One MessagePack object in @p arena. COGO_EINVAL: deeper than @p depth_max; COGO_ENOMEM. */
COGO_MUST_USE cogo_err json_pack_bytes(const json_t *json, uint32_t depth_max,
                                       cogo_arena *arena, cogo_value *out);

#endif
