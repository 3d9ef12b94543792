/* Seeing in: how long messages wait and handlers run, what each lane does, and traces of both.
 * Used by monitoring, benches and people who ask why an actor is slow.
 * Never stops a lane and never walks a mailbox: reading costs the same however much waits. */
#ifndef COGO_OBSERVE_H
#define COGO_OBSERVE_H

#include <cogo/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    /** Below 16 ns a bucket is one ns wide, above there are 16 in each power of two: a value is
     * known to within 1/16. The last one holds everything from 66.5 s on. */
    COGO_HISTOGRAM_BUCKETS = 528,
};

/** How often which duration was seen. Zero-initialised it is empty. */
typedef struct cogo_histogram {
    uint64_t count;                           /**< Of all values. */
    uint64_t sum_ns;                          /**< Of all values. */
    uint64_t max_ns;                          /**< The largest value. */
    uint64_t buckets[COGO_HISTOGRAM_BUCKETS]; /**< Counts; see cogo_histogram_bound_ns(). */
} cogo_histogram;

/**
 * Counts @p ns in @p histogram.
 *
 * Ownership: borrows @p histogram.
 * Threads:   one thread at a time.
 * @param histogram what is added to.
 * @param ns        nanoseconds.
 */
COGO_API void cogo_histogram_add(cogo_histogram *histogram, uint64_t ns);
/**
 * Adds all that @p from holds to @p into, as if each value had been added to it.
 *
 * Ownership: borrows both.
 * Threads:   one thread at a time.
 * @param into what is added to.
 * @param from what is added.
 */
COGO_API void cogo_histogram_merge(cogo_histogram *into, const cogo_histogram *from);
/**
 * The duration that a share @p q of all values does not exceed.
 *
 * Ownership: borrows @p histogram.
 * Threads:   one thread at a time.
 * @param histogram what is read.
 * @param q         from 0 to 1; 0.99 is the 99th percentile.
 * @return nanoseconds, at most 1/16 too large and never above the largest value; 0 when empty.
 */
COGO_API uint64_t cogo_histogram_quantile_ns(const cogo_histogram *histogram, double q);
/**
 * Where bucket @p bucket ends: its values are smaller, those of the next one are not.
 *
 * Threads: any thread.
 * @param bucket an index below COGO_HISTOGRAM_BUCKETS.
 * @return nanoseconds; UINT64_MAX for the last bucket and beyond.
 */
COGO_API uint64_t cogo_histogram_bound_ns(uint32_t bucket);

enum {
    COGO_LANES_ALL = -1,  /**< All lanes and all other threads, merged. */
    COGO_LANES_NONE = -2, /**< Threads that are no lanes: detached actors, foreign callers. */
};

/** What one lane did since the start. */
typedef struct cogo_lane_stats {
    size_t struct_size;        /**< sizeof(cogo_lane_stats), set by the caller. */
    uint64_t actors_spawned;   /**< By code that ran on it. */
    uint64_t actors_ended;     /**< On it. */
    uint64_t messages_sent;    /**< By code that ran on it. */
    uint64_t messages_handled; /**< On it. */
    uint64_t dead_letters;     /**< That it found nobody for. */
    uint64_t steals;           /**< Actors that it took from other lanes. */
    uint64_t parks;            /**< How often it went to sleep. */
    uint64_t wakes;            /**< How often it woke another lane. */
    uint64_t restarts;         /**< By supervisors that ran on it. */
} cogo_lane_stats;

/**
 * Reads the counters of one lane, or their sums. One reading is not a consistent cut.
 *
 * Ownership: borrows @p out.
 * Threads:   any thread.
 * @param system the system.
 * @param lane   0 to lane_count + spare_lanes - 1, COGO_LANES_ALL or COGO_LANES_NONE.
 * @param out    its struct_size says how much of it is written.
 * @return COGO_OK; COGO_EINVAL (no such lane, no struct_size).
 */
COGO_API COGO_MUST_USE cogo_err cogo_lane_stats_read(cogo_system *system, int32_t lane,
                                                     cogo_lane_stats *out);
/**
 * Reads how long messages waited between being sent and being handled on one lane, or on all.
 * One message in 64 is measured; while a trace runs, as many as it wants.
 *
 * Ownership: borrows @p out.
 * Threads:   any thread.
 * @param system the system.
 * @param lane   0 to lane_count + spare_lanes - 1, COGO_LANES_ALL or COGO_LANES_NONE.
 * @param out    overwritten.
 * @return COGO_OK; COGO_EINVAL (no such lane).
 */
COGO_API COGO_MUST_USE cogo_err cogo_lane_waits_read(cogo_system *system, int32_t lane,
                                                     cogo_histogram *out);

/** How the actors of one behaviour did since the start, over all lanes. */
typedef struct cogo_behavior_stats {
    size_t struct_size;            /**< sizeof(cogo_behavior_stats), set by the caller. */
    const cogo_behavior *behavior; /**< NULL: all those that found no place of their own. */
    cogo_histogram waits;          /**< From being sent to being handled, sampled. */
    cogo_histogram runs;           /**< Time in receive(), of the same messages. */
} cogo_behavior_stats;

/**
 * Reads how one behaviour did. Behaviours are told apart by their address; 256 have a place of
 * their own. To see all begin with a cursor of 0 and go on until COGO_ENOTFOUND.
 *
 * Ownership: borrows @p out.
 * Threads:   any thread.
 * @param system the system.
 * @param cursor where to look; moved to the next one.
 * @param out    its struct_size says how much of it is written.
 * @return COGO_OK; COGO_ENOTFOUND after the last; COGO_EINVAL (no struct_size).
 */
COGO_API COGO_MUST_USE cogo_err cogo_behavior_stats_read(cogo_system *system, uint32_t *cursor,
                                                         cogo_behavior_stats *out);

/** How to trace. Zero-initialise, then set struct_size; 0 means the default of each field. */
typedef struct cogo_trace_options {
    size_t struct_size;       /**< sizeof(cogo_trace_options). */
    uint32_t events_per_lane; /**< A power of two; the newest are kept. Default: 65536 (2 MiB).
                                   At most 16777216. */
    uint32_t message_sample;  /**< One message in so many is traced; a power of two. Default: 1,
                                   each. */
} cogo_trace_options;

/** Takes @p size_bytes bytes of a trace. False ends the writing. */
typedef bool (*cogo_write_fn)(void *ctx, const char *bytes, size_t size_bytes);

/**
 * Begins to keep the newest events of each lane: messages sent and handled, spawn, exit,
 * restart, timer, steal, park, wake, dead letter. A trace that was kept before is forgotten.
 *
 * Ownership: copies @p options. The memory of the events stays until the system is destroyed.
 * Threads:   any thread. Lanes go on.
 * @param system  the system.
 * @param options may be NULL: all defaults.
 * @return COGO_OK; COGO_ESTATE when a trace runs, or when one ran before with another
 *         events_per_lane; COGO_EINVAL; COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_system_trace_start(cogo_system *system,
                                                        const cogo_trace_options *options);
/**
 * Ends a trace. What was kept stays to be written.
 *
 * Threads: any thread. Lanes go on.
 * @param system the system.
 * @return COGO_OK; COGO_ESTATE when none runs.
 */
COGO_API cogo_err cogo_system_trace_stop(cogo_system *system);
/**
 * Writes what is kept as JSON in the trace event format, which ui.perfetto.dev and
 * chrome://tracing open: lanes are threads, handled messages are slices, and arrows join the
 * messages of one trace id. Also while the trace runs.
 *
 * Ownership: borrows @p ctx for the length of the call.
 * Threads:   any thread. Lanes go on; @p write is called in the calling thread.
 * @param system the system.
 * @param write  gets the text piece by piece.
 * @param ctx    given to @p write.
 * @return COGO_OK; COGO_ESTATE when there never was a trace; COGO_EINVAL; COGO_ENOMEM; COGO_EIO
 *         when @p write returned false.
 */
COGO_API COGO_MUST_USE cogo_err cogo_system_trace_write(cogo_system *system,
                                                        cogo_write_fn write, void *ctx);

#ifdef __cplusplus
}
#endif
#endif
