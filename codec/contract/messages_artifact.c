/* The tables of the messages about artifacts. */
#include "codec/contract/field.h"
#include "codec/contract/messages.h"

static const cogo_field artifact_content_fields[] = {
    FIELD_RECORD(artifact_content, about, "about", artifact, .doc = "What it is."),
    FIELD(artifact_content, bytes, "bytes", VALUE, .doc = "Its bytes, or a part of them."),
};
RECORD(artifact_content, "ArtifactContent", 1, "An artifact with bytes of it.");

static const cogo_field artifact_put_fields[] = {
    FIELD(artifact_put, task_id, "taskId", STRING, REQUIRED, .doc = "Id of the task."),
    FIELD_RECORD(artifact_put, content, "content", artifact_content, .doc = "What is kept."),
};
RECORD(artifact_put, "ArtifactPut", 1, "Keeps something beside a task that runs.");

static const cogo_field artifact_get_fields[] = {
    FIELD(artifact_get, task_id, "taskId", STRING, REQUIRED, .doc = "Id of the task."),
    FIELD(artifact_get, sha256, "sha256", STRING, REQUIRED, LENGTH(1, 64),
          .doc = "SHA-256 of the bytes, hexadecimal."),
    FIELD(artifact_get, offset, "offset", INT, NOT_NEGATIVE,
          .doc = "First byte that is wanted, from 0."),
    FIELD(artifact_get, size, "size", INT, NOT_NEGATIVE,
          .doc = "Bytes that are wanted; 0: all to the end."),
};
RECORD(artifact_get, "ArtifactGet", 1, "Asks for bytes of an artifact.");
