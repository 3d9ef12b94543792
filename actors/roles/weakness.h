/* Knows which CWE numbers mean the same defect to a reader, and how bad each is.
 * Used by the merge of findings and by the adapters of tools that give no severity.
 * Never the whole CWE list: only what the tools here report. */
#ifndef ROLES_WEAKNESS_H
#define ROLES_WEAKNESS_H

#include "actors/roles/finding.h"

/* "bounds", "freed", "leak", "sql", ...; NULL for a CWE that stands for itself. */
const char *weakness_class(unsigned cwe);

/* How bad a proven defect of this kind is; @p fallback for an unknown CWE. */
finding_severity weakness_severity(unsigned cwe, finding_severity fallback);

/* "use after free"; "" for an unknown one. */
const char *weakness_title(unsigned cwe);

#endif
