/* What a job was given to look at: a path of the user's, or texts that become files.
 * Used by workspace.c only. Never follows a name out of the folder that it writes to. */
#ifndef ROLES_GIVEN_H
#define ROLES_GIVEN_H

#include "actors/roles/role.h"

/* Exactly one of context.path and context.files, and it is usable. False: job->errors says
 * which field and why. */
bool given_source(role_job *job, const char **out_path, json_t **out_files);

/* Writes the texts into the folder @p given; or copies the one file @p path into it. */
bool given_write(role_job *job, json_t *files, const char *given);
bool given_copy(role_job *job, const char *path, const char *given);

#endif
