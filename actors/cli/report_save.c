/* A report kept in the state folder, as text, JSON and SARIF. */
#include "actors/cli/folder.h"
#include "actors/cli/output.h"
#include "actors/cli/report.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool save_text(const char *folder, const char *name, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    bool good = fputs(text, file) >= 0;
    return fclose(file) == 0 && good;
}

/* Writes report.json, report.sarif and report.txt. False when the folder can't be written
 * (said). */
bool report_save(const json_t *report, const json_t *sarif, char *folder, size_t size)
{
    char state[PATH_MAX], cell[64];
    folder_of_state(state, sizeof state);
    output_value(report, "workflowId", cell, sizeof cell);
    snprintf(folder, size, "%s/reports/%s", state, cell);
    char *json_text = json_dumps(report, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    char *sarif_text = json_dumps(sarif, JSON_INDENT(2));
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/report.txt", folder);
    bool good = json_text != NULL && sarif_text != NULL && folder_make(folder)
                && save_text(folder, "report.json", json_text)
                && save_text(folder, "report.sarif", sarif_text);
    FILE *file = good ? fopen(path, "we") : NULL;
    if (file != NULL) {
        report_print_text(report, folder, file);
        good = fclose(file) == 0;
    }
    if (!good) {
        fprintf(stderr, "cogo: the report could not be saved in %s: %s\n", folder,
                strerror(errno));
    }
    free(json_text);
    free(sarif_text);
    return good;
}
