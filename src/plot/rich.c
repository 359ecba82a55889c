#include "plot/rich.h"

#include <string.h>

static const char marks[] = RICH_UP RICH_DOWN RICH_END;

bool rich_next(struct rich_run *run, const char **p)
{
    char mark = '\0';
    while (**p && strchr(marks, **p))
        mark = *(*p)++;
    if (!**p)
        return false;
    *run = (struct rich_run){*p, strcspn(*p, marks), 1, 0};
    if (mark == *RICH_UP)
        run->size = 0.72, run->rise = 0.36;
    else if (mark == *RICH_DOWN)
        run->size = 0.72, run->rise = -0.18;
    *p += run->n;
    return true;
}

double rich_width(const struct font *f, const char *text, double size)
{
    struct rich_run run;
    char part[512];
    double w = 0;
    while (rich_next(&run, &text)) {
        size_t n = run.n < sizeof part - 1 ? run.n : sizeof part - 1;
        memcpy(part, run.text, n);
        part[n] = '\0';
        w += font_width(f, part, size * run.size);
    }
    return w;
}

/* Raised signs that Unicode has of their own. */
static const char *raised(char c)
{
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    return c >= '0' && c <= '9' ? digits[c - '0'] : c == '-' ? "⁻" : NULL;
}

static bool put(char **out, size_t *left, const char *s, size_t n)
{
    if (n >= *left)
        return false;
    memcpy(*out, s, n);
    *out += n;
    *left -= n;
    **out = '\0';
    return true;
}

static bool put_raised(char **out, size_t *left, const struct rich_run *run)
{
    bool digits = true, fits = true;
    for (size_t i = 0; i < run->n; i++)
        digits &= raised(run->text[i]) != NULL;
    if (!digits) /* a lone star is one already */
        return (*run->text == '*' || put(out, left, "^", 1)) && put(out, left, run->text, run->n);
    for (size_t i = 0; i < run->n && fits; i++)
        fits = put(out, left, raised(run->text[i]), strlen(raised(run->text[i])));
    return fits;
}

void rich_plain(char *out, size_t size, const char *text)
{
    struct rich_run run;
    bool fits = size > 0;
    if (fits)
        *out = '\0';
    while (fits && rich_next(&run, &text)) {
        if (run.rise > 0)
            fits = put_raised(&out, &size, &run);
        for (size_t i = 0; fits && run.rise <= 0 && i < run.n;) {
            size_t n = 1;
            while (i + n < run.n && ((unsigned char)run.text[i + n] & 0xC0) == 0x80)
                n++;
            fits = put(&out, &size, run.text + i, n);
            i += n;
        }
    }
}
