/* The folders of a node: of its data, its journal, and what its attempts work in.
 * Used by everything of the command line that starts a node or looks after one. */
#ifndef CLI_FOLDER_H
#define CLI_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* mkdir -p with mode 0700. False with errno set. */
bool folder_make(const char *path);
/* The XDG state folder of the program in @p out: "$XDG_STATE_HOME/cogo" or
 * "~/.local/state/cogo". */
void folder_of_state(char *out, size_t size);

/* Where the journal is: @p store (postgres://..., sqlite:PATH), or cogo.db in @p data_dir.
 * False, with @p error, when it is neither. May hold a password. */
bool folder_journal(const char *store, const char *data_dir, char *out, size_t size,
                    char error[256]);

/* Where the attempts of a node with this data folder have their scratch folders: below it, or
 * for root in the temporary folder. A root that has to drop to another uid without namespaces
 * needs parents that this uid may search, and the data folder is private. False with errno set.
 */
bool folder_of_work(const char *data_dir, char *out, size_t size);
/* Makes it, and holds it against folder_leave_work() of other nodes with the same data folder.
 * -1 with errno set. */
int folder_hold_work(const char *path);
/* The last to leave it removes it, unless an attempt that was killed left something there: the
 * next node sweeps. @p held: -1 is nothing. */
void folder_leave_work(const char *path, int held);

#endif
