/* The files that the page was made from, inside it. */
#include "report/page/kinds.h"

static void put_file(FILE *out, const char *name, const char *type, const struct page_text *t, const char *what)
{
    if (!t->data)
        return;
    fprintf(out, "<li><a download=\"%s\" href=\"data:%s;base64,", name, type);
    html_base64(out, t->data, t->size);
    fprintf(out, "\">%s</a> (%.3g kB): %s</li>\n", name, (double)t->size / 1000, what);
}

enum status downloads_section(FILE *out, const struct page *p, struct err *err)
{
    (void)err;
    if (!p->results.data && !p->fit.data && !p->sweep.data && !p->compare.data) {
        html_line(out, "missing", "Nothing yet.");
        return OK;
    }
    fputs("<ul>\n", out);
    put_file(out, "results.csv", "text/csv", &p->results, "a row a run");
    put_file(out, "fit.json", "application/json", &p->fit, "laws, intervals and verdict");
    put_file(out, "sweep.json", "application/json", &p->sweep, "config, machine and version");
    put_file(out, "compare.json", "application/json", &p->compare, "the comparison");
    fputs("</ul>\n", out);
    return OK;
}
