/* USER frames the short way: nearly all frames are of this kind, and written alike.
 * Used by frame.c, which does what is refused here by its table, and by who reads large ones.
 * Never writes or reads anything that the table would write or read otherwise. */
#ifndef CODEC_FRAME_USER_H
#define CODEC_FRAME_USER_H

#include "codec/frame.h"

enum {
    COGO__FRAME_USER_HEADS = 64
}; /**< Bytes before its payload, at most: 4 + 2 + 5 * 9 + 5. */

/** As cogo__frame_encode(); 0: not for this way. @p room_bytes is at least cogo__frame_bound().
 */
size_t cogo__frame_user_encode(const cogo__frame_user *u, uint8_t *out, size_t room_bytes);
/** As cogo__frame_decode(); false: not for this way, and @p out may be half filled. */
bool cogo__frame_user_decode(const uint8_t *bytes, size_t size_bytes, cogo__frame_user *out);
/** The same of a frame, with its prefix, that has not all come yet: true if only bytes of its
 * payload are missing, whose size and place @p out tells. False, too, if @p bytes go on behind
 * it. */
bool cogo__frame_user_begins(const uint8_t *bytes, size_t size_bytes, cogo__frame_user *out);

#endif
