/* The text of the Python program that checks Python files.
 * Used by python_rules.c, which runs it in the sandbox.
 * Never imports or runs the code that it looks at. */
#ifndef ROLES_SECURITY_SCANNER_PYTHON_SCRIPT_H
#define ROLES_SECURITY_SCANNER_PYTHON_SCRIPT_H

/* Lines without their ends; ends with NULL. */
extern const char *const sast_python_script[];

#endif
