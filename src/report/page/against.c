#include "report/page/kinds.h"

enum status against_section(FILE *out, const struct page *p, struct err *err)
{
    (void)p, (void)err;
    html_line(out, "missing", "Nothing to show yet.");
    return OK;
}
