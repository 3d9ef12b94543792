/* The error codes of libcogo and their texts.
 * Used by every caller of the library; one list makes the enum, the text and the test.
 * Never carries errno values: a code says what the caller can do about it. */
#ifndef COGO_ERROR_H
#define COGO_ERROR_H

/** @def COGO_API
 * A call that the library exports. */
/** @def COGO_MUST_USE
 * The compiler warns when the result is not looked at. */
/** @def COGO_PRINTF
 * The compiler checks arguments against the format. */
#if defined(__GNUC__)
#    define COGO_API      __attribute__((visibility("default")))
#    define COGO_MUST_USE __attribute__((warn_unused_result))
#    define COGO_PRINTF(fmt_index, first_index) \
        __attribute__((format(printf, fmt_index, first_index)))
#else
#    define COGO_API
#    define COGO_MUST_USE
#    define COGO_PRINTF(fmt_index, first_index)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** All codes: X(name, value, text). */
#define COGO_ERR_MAP(X)                                   \
    X(OK, 0, "success")                                   \
    X(ENOMEM, 1, "out of memory")                         \
    X(EFULL, 2, "mailbox is at its limit")                \
    X(EGONE, 3, "no actor has this id any more")          \
    X(ESTATE, 4, "not allowed in this state")             \
    X(EINVAL, 5, "invalid argument")                      \
    X(ENOTFOUND, 6, "not found")                          \
    X(EEXIST, 7, "exists already")                        \
    X(ETIMEOUT, 8, "timed out")                           \
    X(ECLOSED, 9, "system is stopping")                   \
    X(ELIMIT, 10, "a configured limit was reached")       \
    X(EDECODE, 11, "bytes do not decode to this record")  \
    X(EIO, 12, "input or output failed")                  \
    X(EUNSUPPORTED, 13, "not supported on this platform") \
    X(EFAULT, 14, "the actor failed")                     \
    X(EAUTH, 15, "the peer is not who it should be")

/** What went wrong. */
typedef enum cogo_err {
#define X(name, value, text) COGO_##name = (value),
    COGO_ERR_MAP(X)
#undef X
} cogo_err;

/**
 * The text of @p err, for messages and logs.
 *
 * Threads: any thread.
 * @return a constant string; "unknown error" for a number that is no cogo_err. Never NULL.
 */
COGO_API const char *cogo_strerror(cogo_err err);

#ifdef __cplusplus
}
#endif
#endif
