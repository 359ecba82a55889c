#include "report/page/page.h"

#include <string.h>

#include "plot/palette.h"
#include "report/page/kinds.h"
#include "report/page/picture.h"

extern const unsigned char page_script_data[], page_style_data[];

struct kind {
    const char *id, *heading;
    page_fill *fill;
};

static const struct kind sections[] = {
#define X(name, heading) {#name, heading, name##_section},
    PAGE_SECTIONS(X)
};
static const struct kind comparison[] = {
    PAGE_COMPARISON(X)
#undef X
};

static const struct kind *kinds_of(const struct page *p, size_t *n)
{
    *n = p->compare.data ? sizeof comparison / sizeof *comparison : sizeof sections / sizeof *sections;
    return p->compare.data ? comparison : sections;
}

size_t page_count(const struct page *p)
{
    size_t n;
    kinds_of(p, &n);
    return p->pieces ? p->n_pieces : n;
}

const char *page_id(const struct page *p, size_t i)
{
    size_t n;
    return p->pieces ? p->pieces[i].id : kinds_of(p, &n)[i].id;
}

static const char *heading_of(const struct page *p, size_t i)
{
    size_t n;
    return p->pieces ? p->pieces[i].heading : kinds_of(p, &n)[i].heading;
}

enum status page_section(FILE *out, const struct page *p, size_t i, struct err *err)
{
    size_t n;
    const char *id = page_id(p, i);
    fprintf(out, "<section id=\"%s\" aria-labelledby=\"%s-h\">\n<h2 id=\"%s-h\">", id, id, id);
    html_text(out, heading_of(p, i));
    fputs("</h2>\n", out);
    if (p->pieces)
        fwrite(p->pieces[i].html.data, 1, p->pieces[i].html.size, out);
    else
        TRY(kinds_of(p, &n)[i].fill(out, p, err));
    fputs("</section>\n", out);
    return OK;
}

/* Colours by what they mean, light and dark, so that a picture has but names of them. */
static void write_colours(FILE *out, bool dark)
{
    for (unsigned code = 0; code < PALETTE_CODES; code++) {
        struct color c = palette_color(palette_decode((unsigned char)code), dark);
        fprintf(out, ".c%u{--c:#%02x%02x%02x}", code, c.r, c.g, c.b);
    }
}

/* Nothing but what is in the page itself. */
static void write_policy(FILE *out, const struct page *p)
{
    fprintf(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
                 "script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'%s\">\n",
            p->live_script ? "; connect-src 'self'" : "");
}

/* A script without what only its readers need: the blanks that lines begin with, and comments that begin a line. */
static void write_script(FILE *out, const char *s)
{
    while (*s) {
        s += strspn(s, " \n");
        if (strncmp(s, "/*", 2) == 0) {
            const char *end = strstr(s, "*/");
            s = end ? end + 2 : s + strlen(s);
            continue;
        }
        if (!*s)
            return;
        size_t n = strcspn(s, "\n");
        fwrite(s, 1, n, out);
        fputc('\n', out);
        s += n;
    }
}

static void write_head(FILE *out, const struct page *p)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", out);
    write_policy(out, p);
    if (p->mark)
        fprintf(out, "<meta name=\"plateau-fit\" content=\"%s\">\n", p->mark);
    fputs("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n<title>", out);
    html_say(out, "%s: plateau", p->name ? p->name : "runs");
    fputs("</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n", out);
    fputs((const char *)page_style_data, out);
    write_colours(out, false);
    fputs("\n@media screen and (prefers-color-scheme:dark){", out);
    write_colours(out, true);
    fputs("}\n</style>\n</head>\n", out);
}

static void write_top(FILE *out, const struct page *p)
{
    fputs("<body>\n", out);
    picture_shapes(out);
    fputs("<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n<h1>", out);
    html_text(out, p->name ? p->name : "runs");
    fputs("</h1>\n<nav aria-label=\"Sections\">", out);
    for (size_t i = 0; i < page_count(p); i++) {
        fprintf(out, "<a href=\"#%s\">", page_id(p, i));
        html_text(out, heading_of(p, i));
        fputs("</a> ", out);
    }
    fputs("</nav>\n</header>\n<main id=\"main\">\n", out);
    if (p->live_head)
        fprintf(out, "<div id=\"live\">%s</div>\n", p->live_head);
}

enum status page_write(FILE *out, const struct page *p, struct err *err)
{
    write_head(out, p);
    write_top(out, p);
    for (size_t i = 0; i < page_count(p); i++)
        TRY(page_section(out, p, i, err));
    fputs("</main>\n<footer><p>", out);
    html_say(out, "Written by plateau %s. Everything on this page is in this file: it asks no other place for anything.",
             p->version ? p->version : "");
    fputs("</p></footer>\n<div id=\"tip\" role=\"status\" hidden></div>\n<script>\n", out);
    write_script(out, (const char *)page_script_data);
    fputs("</script>\n", out);
    if (p->live_script) {
        fputs("<script>\n", out);
        write_script(out, p->live_script);
        fputs("</script>\n", out);
    }
    fputs("</body>\n</html>\n", out);
    return OK;
}
