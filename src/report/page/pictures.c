#include "report/page/kinds.h"
#include "report/page/picture.h"

static enum status put_chart(FILE *out, const struct page *p, size_t i, const struct font *font, size_t *n, struct err *err)
{
    struct chart ch = {0};
    bool drawn;
    enum status st = charts_build(&ch, &drawn, i, p->charts, err);
    if (st == OK && drawn) {
        st = picture_write(out, &ch, charts_name(i), font, err);
        ++*n;
    }
    chart_free(&ch);
    return st;
}

/* The few that say most first. */
static enum status put_charts(FILE *out, const struct page *p, const struct font *font, struct err *err)
{
    size_t n = 0;
    fputs("<div class=\"grid\">\n", out);
    for (int main = 1; main >= 0; main--)
        for (size_t i = 0; i < charts_count(); i++)
            if (charts_is_main(i) == main)
                TRY(put_chart(out, p, i, font, &n, err));
    fputs("</div>\n", out);
    if (n == 0)
        html_line(out, "missing", "These runs support no chart yet.");
    return OK;
}

enum status pictures_section(FILE *out, const struct page *p, struct err *err)
{
    if (!p->charts) {
        html_line(out, "missing", "No run has ended yet: charts follow with the first.");
        return OK;
    }
    struct font *font = font_open();
    if (!font)
        return err_set(err, E_NOMEM, "the built-in font cannot be opened: out of memory");
    html_line(out, "how", "Point at a chart, or go to it with the tab key and through its points with the arrow keys, to "
                          "read values. Names below it switch what they stand for off and on.");
    enum status st = put_charts(out, p, font, err);
    font_close(font);
    return st;
}
