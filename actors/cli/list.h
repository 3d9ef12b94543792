/* One list of a cluster as a command shows it.
 * Used by every command that lists something. */
#ifndef CLI_LIST_H
#define CLI_LIST_H

#include "actors/cli/client.h"
#include "actors/cli/output.h"

/* An option that narrows a list, and what it is in the query. */
typedef struct list_filter {
    const char *option, *query;
} list_filter;

/* Of a list that has pages and nothing to narrow it by. */
extern const args_option list_page_options[];
extern const list_filter list_page_filters[];

/* The array @p key of what the server answers at @p path, as a table or as JSON. @p filters
 * end with one that has no name; NULL: the list has neither these nor pages. */
cli_exit list_show(const args *a, const char *path, const list_filter *filters, const char *key,
                   const output_column *columns);

#endif
