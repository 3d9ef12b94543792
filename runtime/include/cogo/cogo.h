/* All of libcogo in one include. */
#ifndef COGO_COGO_H
#define COGO_COGO_H

#include <cogo/actor.h>
#include <cogo/allocator.h>
#include <cogo/arena.h>
#include <cogo/cluster.h>
#include <cogo/dead_letter.h>
#include <cogo/error.h>
#include <cogo/fsm.h>
#include <cogo/group.h>
#include <cogo/io.h>
#include <cogo/message.h>
#include <cogo/node.h>
#include <cogo/observe.h>
#include <cogo/offload.h>
#include <cogo/payload.h>
#include <cogo/placement.h>
#include <cogo/poll.h>
#include <cogo/process.h>
#include <cogo/record.h>
#include <cogo/router.h>
#include <cogo/server.h>
#include <cogo/supervisor.h>
#include <cogo/system.h>
#include <cogo/topic.h>

#endif
