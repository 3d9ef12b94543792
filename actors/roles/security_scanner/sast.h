/* The static security checks: analyzers of others, and rules of our own for what they miss.
 * Used by the security-scanner, and by the code-validator for its security dimension.
 * Never decides a verdict: it only adds findings. */
#ifndef ROLES_SECURITY_SCANNER_SAST_H
#define ROLES_SECURITY_SCANNER_SAST_H

#include "actors/roles/scan.h"

/* All of them, in parallel; @p budget_ms for each expensive one. Without @p shell, shell
 * scripts are left to somebody else. */
void sast_run(scan *s, uint64_t budget_ms, bool shell);

/* "cppcheck 2.10, flawfinder 2.0.19, secrets" from the evidence of what was usable, of the
 * names in @p names (ends with NULL; NULL: all). The caller frees it. */
char *sast_evidence(const tool_box *box, const char *const *names);

void sast_cppcheck(scan *s, uint64_t budget_ms, finding_dimension dimension);
void sast_flawfinder(scan *s, uint64_t budget_ms);
void sast_bandit(scan *s, uint64_t budget_ms);
/* With @p all, what is no security defect too, as semantics. */
void sast_shellcheck(scan *s, uint64_t budget_ms, bool all);
void sast_secrets(scan *s);
void sast_c_rules(scan *s);
void sast_python_rules(scan *s, uint64_t budget_ms);

/* One C file's text, for sast_c_rules() and its tests. */
void sast_c_rules_text(finding_list *findings, const char *path, const char *text, size_t size);

#endif
