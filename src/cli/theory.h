/* What theory says of the language that runs were trained on, beside what was fitted to them. */
#ifndef PLATEAU_CLI_THEORY_H
#define PLATEAU_CLI_THEORY_H

#include "cli/fitted.h"

/* One more sentence of the verdict; nothing for tables, text and languages without a theory. */
enum status theory_print(const struct fitted *f, struct err *err) WARN_UNUSED;

#endif
