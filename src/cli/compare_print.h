/* A comparison in words, and as a table. */
#ifndef PLATEAU_CLI_COMPARE_PRINT_H
#define PLATEAU_CLI_COMPARE_PRINT_H

#include <stdio.h>

#include "fit/compare/compare.h"

/* One screen a variant, to stdout. unit: of the loss, "" where it is not known. */
void compare_print(const struct compare_side *base, const struct compare_variant *v, size_t n, const char *unit);

/* "csv", "md" or "latex". */
bool compare_is_format(const char *format);
/* One row a variant. */
void compare_print_table(FILE *out, const char *format, const struct compare_side *base, const struct compare_variant *v,
                         size_t n);

#endif
