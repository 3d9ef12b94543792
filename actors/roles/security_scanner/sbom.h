/* The libraries that a tree says it needs, as a CycloneDX 1.5 document.
 * Used by the security-scanner; the reading of manifests also reports loose versions.
 * Never asks a package registry: it tells only what the tree's own files say. */
#ifndef ROLES_SECURITY_SCANNER_SBOM_H
#define ROLES_SECURITY_SCANNER_SBOM_H

#include "actors/roles/scan.h"

#define SBOM_COMPONENTS_MAX 2000u

/* @p findings may be NULL. The caller owns the result; NULL when out of memory. */
json_t *sbom_document(const workspace *ws, finding_list *findings);

#endif
