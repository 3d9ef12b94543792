/* The exporter: an actor that takes spans (MSG_SPAN) and sends them in batches to a collector
 * of OpenTelemetry. It answers metrics.read and health.read. Losing spans is better than losing
 * time: its queue and its mailbox have a limit, and what does not fit is dropped and counted.
 */
#ifndef TELEMETRY_TELEMETRY_H
#define TELEMETRY_TELEMETRY_H

#include "actors/telemetry/settings.h"

#include <cogo/actor.h>

/* Starts it; takes @p settings, which were allocated and have a URL, whatever it returns. */
COGO_MUST_USE cogo_err telemetry_start(cogo_system *system, telemetry_settings *settings,
                                       cogo_actor_id *out_id);

#endif
