/* Static probes for SystemTap, bpftrace and perf: a nop and a note in the library each.
 * Used where the runtime does what one may want to see from outside; the list is in README.
 * Never computes anything for a probe: arguments are values that are there anyway. */
#ifndef COGO_BASE_PROBE_H
#define COGO_BASE_PROBE_H

#ifdef COGO_SDT
#    include <sys/sdt.h>
#    if defined(__clang__) // The header's macros leave variable arguments out.
#        pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#    endif
#    define COGO__PROBE(name, a, b, c, d) DTRACE_PROBE4(cogo, name, a, b, c, d)
#else
#    define COGO__PROBE(name, a, b, c, d) ((void)0)
#endif

#endif
