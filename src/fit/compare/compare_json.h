/* compare.json of DESIGN section 9. */
#ifndef PLATEAU_FIT_COMPARE_COMPARE_JSON_H
#define PLATEAU_FIT_COMPARE_COMPARE_JSON_H

#include "fit/compare/compare.h"

/* '\0'-terminated, with a line's end; the caller frees it. */
enum status compare_json(char **json, const struct compare_side *base, const struct compare_variant *v, size_t n,
                         struct err *err) WARN_UNUSED;

#endif
