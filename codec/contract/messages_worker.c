/* The tables of the messages between workers and the orchestrator. */
#include "codec/contract/field.h"
#include "codec/contract/messages.h"

static const cogo_field worker_register_fields[] = {
    FIELD(worker_register, worker_id, "workerId", STRING, REQUIRED, LENGTH(1, 256),
          .doc = "Id of the worker."),
    FIELD(worker_register, worker_type, "workerType", STRING, REQUIRED, LENGTH(1, 64),
          .doc = "Kind of the worker."),
    FIELD_RECORDS(worker_register, capabilities, "capabilities", role_capability,
                  LENGTH(0, 1000), .doc = "Roles that it offers."),
    FIELD(worker_register, slots, "slots", INT, RANGE(0, 10000),
          .doc = "Attempts that it runs at one time; 0 means 1."),
    FIELD(worker_register, labels, "labels", STRINGS, LENGTH(0, LABELS_MAX),
          .doc = "Its labels, key=value each."),
    FIELD(worker_register, running, "running", STRINGS,
          .doc = "After a reconnect: what it still works on, taskId:lease each."),
};
RECORD(worker_register, "WorkerRegister", 1, "A worker offers its roles.");

static const cogo_field worker_welcome_fields[] = {
    FIELD(worker_welcome, worker_id, "workerId", STRING, REQUIRED, .doc = "Id of the worker."),
    FIELD(worker_welcome, epoch, "epoch", INT, NOT_NEGATIVE,
          .doc = "Number of this registration; grows with each."),
    FIELD(worker_welcome, heartbeat_ms, "heartbeatMs", INT, NOT_NEGATIVE,
          .doc = "Milliseconds between two heartbeats."),
    FIELD(worker_welcome, lease_ms, "leaseMs", INT, NOT_NEGATIVE,
          .doc = "Milliseconds of silence after which the worker is lost."),
};
RECORD(worker_welcome, "WorkerWelcome", 1, "Answer to WorkerRegister.");

static const cogo_field worker_leave_fields[] = {
    FIELD(worker_leave, grace_ms, "graceMs", INT, NOT_NEGATIVE,
          .doc = "Milliseconds for what runs to end by itself."),
};
RECORD(worker_leave, "WorkerLeave", 1, "A worker is to take nothing new, and to end.");

static const cogo_field instruction_offer_fields[] = {
    FIELD_RECORD(instruction_offer, instruction, "instruction", instruction, REQUIRED,
                 .doc = "What is to be done."),
    FIELD(instruction_offer, lease, "lease", INT, NOT_NEGATIVE,
          .doc = "Fencing number: grows with each attempt over all tasks."),
    FIELD_RECORD(instruction_offer, context, "context", role_context,
                 .doc = "What the role is given."),
    FIELD(instruction_offer, timeout, "timeout", INT, RANGE(0, TIMEOUT_MS_MAX),
          .doc = "Milliseconds for this attempt, from the receipt of the offer."),
};
RECORD(instruction_offer, "InstructionOffer", 1, "One attempt, given to one worker.");

static const cogo_field instruction_cancel_fields[] = {
    FIELD(instruction_cancel, task_id, "taskId", STRING, REQUIRED, .doc = "Id of the task."),
    FIELD(instruction_cancel, lease, "lease", INT, NOT_NEGATIVE,
          .doc = "Lease of the attempt."),
    FIELD(instruction_cancel, reason, "reason", STRING,
          .doc = "Why; for an acknowledged result: accepted or fenced."),
};
RECORD(instruction_cancel, "InstructionCancel", 1,
       "Names one attempt: to cancel it, to say it began, to acknowledge its result.");

static const cogo_field instruction_progress_fields[] = {
    FIELD(instruction_progress, worker_id, "workerId", STRING, .doc = "Id of the worker."),
    FIELD(instruction_progress, lease, "lease", INT, NOT_NEGATIVE,
          .doc = "Lease of the attempt."),
    FIELD_RECORD(instruction_progress, progress, "progress", task_progress, REQUIRED,
                 .doc = "How far it is."),
};
RECORD(instruction_progress, "InstructionProgress", 1, "How far one attempt is.");

static const cogo_field budget_ask_fields[] = {
    FIELD(budget_ask, task_id, "taskId", STRING, REQUIRED, .doc = "Id of the task."),
    FIELD(budget_ask, lease, "lease", INT, NOT_NEGATIVE, .doc = "Lease of the attempt."),
    FIELD_RECORD(budget_ask, used, "used", spending,
                 .doc = "What the attempt took in all; what was granted counts."),
    FIELD_RECORD(budget_ask, next, "next", spending, .doc = "What it is about to take."),
};
RECORD(budget_ask, "BudgetAsk", 1, "Asks whether a running task may go on.");

static const cogo_field instruction_result_fields[] = {
    FIELD(instruction_result, worker_id, "workerId", STRING, .doc = "Id of the worker."),
    FIELD(instruction_result, lease, "lease", INT, NOT_NEGATIVE,
          .doc = "Lease of the attempt; another one than the current is refused."),
    FIELD_RECORD(instruction_result, result, "result", agent_result, REQUIRED,
                 .doc = "What came of it."),
    FIELD(instruction_result, retryable, "retryable", BOOL,
          .doc = "True: a failed attempt may be tried again."),
    FIELD(instruction_result, returned, "returned", BOOL,
          .doc =
              "True: the worker drains and gives the task back; the attempt does not count."),
};
RECORD(instruction_result, "InstructionResult", 1, "The end of one attempt.");
