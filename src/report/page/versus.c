/* The charts of a comparison. */
#include <string.h>

#include "report/page/comparison.h"
#include "report/page/kinds.h"
#include "report/page/picture.h"

static enum status put_chart(FILE *out, const struct against *a, const char *name, against_build *build, const struct font *font,
                             struct err *err)
{
    struct chart ch = {0};
    bool drawn = false;
    enum status st = build(&ch, a, &drawn, err);
    if (st == OK && drawn)
        st = picture_write(out, &ch, name, font, err);
    chart_free(&ch);
    return st;
}

/* The length of what stands for one sign at p, as our own pictures have it; 0: nothing does. */
static size_t reference_at(const char *p)
{
    static const char *const known[] = {"&lt;", "&gt;", "&amp;", "&quot;"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(p, known[i], strlen(known[i])) == 0)
            return strlen(known[i]);
    return 0;
}

/* The finding of a picture that lies in the folder: what is in its <title>, which is escaped there already, if it is ours. */
static void put_finding(FILE *out, const struct page_text *svg)
{
    const char *from = strstr(svg->data, "<title>"), *to = from ? strstr(from, "</title>") : NULL;
    if (!to) {
        html_text(out, "The frontiers");
        return;
    }
    for (const char *p = from + strlen("<title>"); p < to;) {
        size_t known = reference_at(p), n = known ? known : 1 + strcspn(p + 1, "&<");
        n = n < (size_t)(to - p) ? n : (size_t)(to - p);
        if (known)
            fwrite(p, 1, n, out);
        else
            html_bytes(out, p, n);
        p += n;
    }
}

/* The frontiers take fits that compare.json does not hold: they come as the picture that the comparison drew, as an image,
 * in which nothing can run. */
static void put_frontiers(FILE *out, const struct page *p)
{
    if (!p->frontiers.data)
        return;
    fputs("<figure id=\"chart-frontiers\">\n<img alt=\"", out);
    put_finding(out, &p->frontiers);
    fputs("\" src=\"data:image/svg+xml;base64,", out);
    html_base64(out, p->frontiers.data, p->frontiers.size);
    fputs("\">\n</figure>\n", out);
}

static enum status put_charts(FILE *out, const struct page *p, const struct comparison *c, const struct font *font,
                              struct err *err)
{
    static const struct {
        const char *name;
        against_build *build;
    } charts[] = {{"gains", against_gains}, {"differences", against_cells}, {"variants", against_variants}};
    fputs("<div class=\"grid\">\n", out);
    for (size_t i = 0; i < sizeof charts / sizeof *charts; i++)
        TRY(put_chart(out, &c->against, charts[i].name, charts[i].build, font, err));
    put_frontiers(out, p);
    fputs("</div>\n", out);
    return OK;
}

enum status versus_section(FILE *out, const struct page *p, struct err *err)
{
    struct comparison c;
    bool good;
    struct font *font = NULL;
    enum status st = comparison_open(&c, &good, p, err);
    if (st == OK && good && c.against.n > 0) {
        font = font_open();
        st = font ? put_charts(out, p, &c, font, err) : err_set(err, E_NOMEM, "the built-in font cannot be opened: out of "
            "memory");
    } else if (st == OK) {
        html_line(out, "missing", "Nothing here can be compared, so there is no chart.");
    }
    font_close(font);
    comparison_close(&c);
    return st;
}
