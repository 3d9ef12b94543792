/* Where a system's memory comes from: by default malloc and mmap, else what the program gives.
 * Used by programs that embed the runtime, in cogo_system_config.allocator.
 * Never process-wide: each system has its own, so it can also say what one system uses. */
#ifndef COGO_ALLOCATOR_H
#define COGO_ALLOCATOR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Gives and takes the memory of a system.
 *
 * Through it goes all that the library allocates for the system, up to cogo_system_destroy().
 * Not through it: the stacks of threads, and what the C library and the kernel need for them.
 *
 * Threads: called from any thread, from several at the same time, and while the library holds
 *          locks: it must be thread-safe and must not call the library.
 * Errors:  NULL means out of memory. The library then returns COGO_ENOMEM, ends the one actor
 *          that could not go on, or makes a message a dead letter; it never ends the process.
 */
typedef struct cogo_allocator {
    size_t struct_size; /**< sizeof(cogo_allocator). */
    /** A block of @p size_bytes (never 0), aligned to @p alignment: 16 or 64, and 65536 for the
     * regions of 2 MiB that messages and small states are cut from. Need not be zeroed. */
    void *(*alloc)(void *ctx, size_t size_bytes, size_t alignment);
    /** Makes @p memory, which alloc() gave with alignment 16, larger; may move it. NULL: it
     * stays as it is. */
    void *(*realloc)(void *ctx, void *memory, size_t old_size_bytes, size_t size_bytes);
    /** Takes back what alloc() or realloc() gave, with the size that was asked for. */
    void (*free)(void *ctx, void *memory, size_t size_bytes);
    void *ctx; /**< First argument of the three. */
} cogo_allocator;

#ifdef __cplusplus
}
#endif
#endif
