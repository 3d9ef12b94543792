// A C++ program that embeds a system: spawns an actor, asks it, stops. Built and run by run.py.
#include <cogo/cogo.h>

#include <cstdio>
#include <cstring>

namespace {

struct counter {
    int count;
};

cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    counter *self = static_cast<counter *>(state);
    self->count += 1;
    cogo_msg *answer = cogo_msg_create(cogo_context_system(ctx), COGO_MSG_USER, sizeof(int));
    std::memcpy(cogo_msg_payload(answer), &self->count, sizeof(int));
    return cogo_reply(ctx, msg, answer);
}

} // namespace

int main()
{
    cogo_behavior behavior = {};
    behavior.struct_size = sizeof behavior;
    behavior.name = "counter";
    behavior.state_size_bytes = sizeof(counter);
    behavior.receive = receive;
    cogo_system *system = nullptr;
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_spawn_options options = {};
    options.struct_size = sizeof options;
    options.behavior = &behavior;
    if (cogo_system_create(nullptr, &system) != COGO_OK
        || cogo_system_spawn(system, &options, &id) != COGO_OK) {
        return 1;
    }
    int count = 0;
    for (int i = 0; i < 3; i++) {
        cogo_msg *answer = nullptr;
        cogo_msg *question = cogo_msg_create(system, COGO_MSG_USER, 0);
        if (cogo_system_ask(system, id, question, 5000000000u, &answer) != COGO_OK) {
            return 1;
        }
        std::memcpy(&count, cogo_msg_payload(answer), sizeof count);
        cogo_msg_destroy(answer);
    }
    if (cogo_system_stop(system, 5000000000u) != COGO_OK) {
        return 1;
    }
    cogo_system_destroy(system);
    std::printf("%d\n", count);
    return count == 3 ? 0 : 1;
}
