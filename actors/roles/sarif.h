/* SARIF 2.1.0 out of findings and evidence, for code hosts and editors.
 * Used by the roles that look for defects.
 * Never holds source text, so no secret can get into it but through a (masked) message. */
#ifndef ROLES_SARIF_H
#define ROLES_SARIF_H

#include "actors/roles/finding.h"

/* Of merged @p findings; @p evidence is the array of a tool_box. The caller owns the result;
 * NULL when out of memory. At most FINDING_LISTED_MAX results. */
json_t *sarif_document(const finding_list *findings, const json_t *evidence);

#endif
